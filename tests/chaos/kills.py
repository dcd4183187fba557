#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills daemon, keepers and workers again and again while somebody submits, and compares at the end.

    kills.py N [--blender PATH] [--seed S]

The submitter is a stranger to the daemon: a process of its own for each job (`offstage submit`), and a ledger of its own in which each request stands before it
is made and each acknowledgement once it has come, both fsynced. Each script writes into a file of its job, fsynced, when it begins and when it ends. In the
end ledger, jobs and these files must agree. Exit code 1: they do not.
"""
from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))
from support.harness import Daemon, alive, wait_for  # noqa: E402

CALM_S = 180
POINTS = ("api.before_reply", "store.in_transaction", "store.before_commit", "store.after_commit", "store.after_fsync_before_ack", "pool.after_prepare",
          "pool.before_go", "pool.after_go", "pool.before_outcome_is_told", "pool.before_death_is_told", "app.after_adoption", "keeper.after_fork",
          "keeper.before_exit_record", "keeper.after_exit_record", "worker.prepared", "worker.after_go", "worker.before_outcome", "worker.after_outcome")

SCRIPT = """
import offstage, os, time
def note(word):
    fd = os.open({marks!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(fd, (word + " " + str(os.getpid()) + "\\n").encode())
    os.fsync(fd)
    os.close(fd)
note("begin")
time.sleep({seconds})
note("end")
offstage.result = {token!r}
"""


class Ledger:
    """What was asked for and what was acknowledged, one line each, on the disk before anything follows from it."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.asked: dict[str, bool] = {}          # request → may be tried again
        self.accepted: dict[str, str] = {}        # job → request

    def ask(self, request: str, again: bool) -> None:
        self.asked[request] = again
        self._write(f"ask {request}")

    def accept(self, request: str, job: str) -> None:
        self.accepted[job] = request
        self._write(f"accepted {request} {job}")

    def _write(self, line: str) -> None:
        os.write(self._fd, (line + "\n").encode())
        os.fsync(self._fd)


class Submitter(threading.Thread):
    """One request after the other, each until it is acknowledged: with the same id, so that it is one job however often it is asked for."""

    def __init__(self, daemon: Daemon, folder: Path, ledger: Ledger, seed: int) -> None:
        super().__init__()
        self.daemon_, self.folder, self.ledger, self.random = daemon, folder, ledger, random.Random(seed)
        self.done = threading.Event()
        self.cancelled: set[str] = set()

    def run(self) -> None:
        while not self.done.is_set():
            request, again = str(uuid.uuid4()), self.random.random() < 0.5
            script = self.folder / f"{request}.py"
            script.write_text(SCRIPT.format(marks=str(self.folder / f"{request}.marks"), seconds=self.random.choice((0, 0, 0.02, 0.1, 0.5)), token=request))
            policy = ["--attempts", "5", "--retry-on", "CRASHED", "--retry-on", "LOST"] if again else []
            self.ledger.ask(request, again)
            while True:
                done = self.daemon_.offstage("submit", str(script), "--request-id", request, *policy, timeout=120)
                if done.returncode == 0:
                    break
                time.sleep(0.05)
            job = done.stdout.strip()
            self.ledger.accept(request, job)
            time.sleep(self.random.random() * 0.05)
            if self.random.random() < 0.1 and self.daemon_.offstage("cancel", job, timeout=120).returncode == 0:
                self.cancelled.add(job)


class Waker(threading.Thread):
    """Lets go on, after a moment, whoever has stopped itself at a named point."""

    def __init__(self, daemon: Daemon) -> None:
        super().__init__(daemon=True)
        self.daemon_ = daemon

    def run(self) -> None:
        while True:
            time.sleep(0.2)
            for pid in self.daemon_.processes():
                if state(pid) == "T":
                    send(pid, signal.SIGCONT)


class Killer:
    def __init__(self, daemon: Daemon, rng: random.Random) -> None:
        self.daemon, self.random = daemon, rng
        self.killed: Counter[str] = Counter()
        self._at = ""

    def once(self) -> None:
        """One fault; afterwards a daemon serves."""
        what = self.random.choice([*[self.kill_daemon] * 2, self.stop_daemon, self.replace_daemon, self.kill_keeper, self.kill_worker, *[self.at_a_point] * 3])
        time.sleep(self.random.random() * 0.3)
        what()

    def _serve(self, at: str = "") -> None:
        self.daemon.env.pop("OFFSTAGE_CRASH_AT", None)
        if at:
            self.daemon.env["OFFSTAGE_CRASH_AT"] = at
        self._at = at
        wait_for(lambda: self.daemon.offstage("daemon", "start", timeout=120).returncode == 0 or (at and self._forget()), CALM_S)

    def _forget(self) -> bool:
        """It died before it served, as it was told to: the next one has no such orders."""
        self.daemon.env.pop("OFFSTAGE_CRASH_AT", None)
        return False

    def _status(self) -> dict:
        def look() -> dict | None:
            done = self.daemon.offstage("status", "--json", timeout=60)
            return json.loads(done.stdout) if done.returncode == 0 else None
        return wait_for(look, CALM_S)

    def kill_daemon(self) -> None:
        pid = self._status()["pid"]
        send(pid, signal.SIGKILL)
        wait_for(lambda: not alive(pid))
        self.killed["daemon"] += 1
        self._serve()

    def stop_daemon(self) -> None:
        pid = self._status()["pid"]
        send(pid, signal.SIGSTOP)
        time.sleep(self.random.random() * 0.3)
        send(pid, signal.SIGCONT)
        self.killed["daemon (stopped for a while)"] += 1

    def replace_daemon(self) -> None:
        send(self._status()["pid"], signal.SIGUSR2)
        self.killed["daemon (restarted in place)"] += 1

    def kill_keeper(self) -> None:
        if zygotes := self._status()["zygotes"]:
            send(self.random.choice(zygotes)["pid"], signal.SIGKILL)
            self.killed["keeper"] += 1

    def kill_worker(self) -> None:
        zygotes = self._status()["zygotes"]
        workers = [int(pid) for zygote in zygotes for pid in children(zygote["pid"])]
        if workers:
            send(self.random.choice(workers), signal.SIGKILL)
            self.killed["worker"] += 1

    def at_a_point(self) -> None:
        """A daemon that dies at a named place, or whose keepers or workers do; then one that does not."""
        point, how = self.random.choice(POINTS), self.random.choice(("", "", ":stop"))
        pid = self._status()["pid"]
        send(pid, signal.SIGKILL)
        wait_for(lambda: not alive(pid))
        self._serve(f"{point}:{self.random.randint(1, 3)}{how}")
        stop = time.monotonic() + 1
        while time.monotonic() < stop:
            if self.daemon.offstage("status", timeout=60).returncode != 0:
                break
            time.sleep(0.02)
        if (found := self.daemon.offstage("status", "--json", timeout=30)).returncode == 0:
            pid = json.loads(found.stdout)["pid"]
            send(pid, signal.SIGKILL)             # its keepers have the order, too: they end with the next daemon
            wait_for(lambda: not alive(pid))
        self.killed[f"at a named point ({point.partition('.')[0]})"] += 1
        self._serve()


def send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def children(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []


def state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


class Comparison:
    """Ledger, jobs and marks, when all is quiet."""

    def __init__(self, daemon: Daemon, folder: Path, ledger: Ledger, cancelled: set[str]) -> None:
        self.daemon = daemon
        self.jobs = {job["id"]: job for job in json.loads(daemon.offstage("list", "--limit", "1000000", "--json", timeout=300).stdout)}
        self.wrong: list[str] = []
        self.seen: Counter[str] = Counter(accepted=len(ledger.accepted), succeeded=0, retried=0, lost=0)
        for name in ("committed twice", "missing", "processes left", "folders left"):
            self.seen[name] = 0
        for job, request in ledger.accepted.items():
            self._job(job, request, folder / f"{request}.marks", ledger.asked[request], job in cancelled)
        for job in set(self.jobs) - set(ledger.accepted):
            self._wrong("not in the ledger", job, "exists, and its request was never acknowledged and repeated")

    def _wrong(self, kind: str, job: str, what: str) -> None:
        self.seen[kind] += 1
        self.wrong.append(f"{job}: {what}")

    def _job(self, job: str, request: str, marks: Path, again: bool, cancelled: bool) -> None:
        if job not in self.jobs:
            return self._wrong("missing", job, "was acknowledged and is not there")
        seen = self.jobs[job]
        attempts = seen["attempts"]
        words = [line.split()[0] for line in marks.read_text().splitlines()] if marks.exists() else []
        self.seen["succeeded"] += seen["state"] == "SUCCEEDED"
        self.seen["retried"] += len(attempts) > 1
        self.seen["lost"] += seen.get("reason") == "LOST"
        if sum(attempt["state"] == "SUCCEEDED" for attempt in attempts) > 1:
            self._wrong("committed twice", job, "two attempts succeeded")
        if words.count("begin") > len(attempts):
            self._wrong("committed twice", job, f"the script has begun {words.count('begin')} times in {len(attempts)} attempts")
        if not again and words.count("begin") > 1:
            self._wrong("committed twice", job, "a script that must not be tried again has begun twice")
        if seen["state"] == "SUCCEEDED" and (seen["result"] != request or "end" not in words):
            self._wrong("missing", job, f"succeeded without its result: {seen['result']!r}, {words}")
        if cancelled and seen["state"] not in ("CANCELLED", "SUCCEEDED", "FAILED"):
            self._wrong("missing", job, f"was cancelled and is {seen['state']}")

    def after_the_end(self) -> None:
        """The daemon is stopped: nothing of it runs, and the folders are those of attempts that it knows."""
        wait_for(lambda: not self.daemon.processes() or None, 30) if self.daemon.processes() else None
        for pid in self.daemon.processes():
            self._wrong("processes left", str(pid), "still runs")


def folders_left(daemon: Daemon, jobs: dict[str, dict]) -> list[str]:
    state_dir = Path(json.loads(daemon.offstage("status", "--json").stdout)["state_dir"])
    known = {attempt["id"] for job in jobs.values() for attempt in job["attempts"]}
    workers = {pid for zygote in json.loads(daemon.offstage("status", "--json").stdout)["zygotes"] for pid in children(zygote["pid"])}
    spare = {name for pid in workers for name in open_attempts(pid, state_dir)}
    return sorted({entry.name for entry in (state_dir / "attempts").iterdir()} - known - spare)


def open_attempts(pid: str, state_dir: Path) -> set[str]:
    """The attempt whose log a spare holds open."""
    try:
        log = Path(os.readlink(f"/proc/{pid}/fd/1"))
    except OSError:
        return set()
    return {log.parent.name} if log.parent.parent == state_dir / "attempts" else set()


def quiet(daemon: Daemon) -> bool:
    done = daemon.offstage("status", "--json", timeout=60)
    return done.returncode == 0 and not set(json.loads(done.stdout)["jobs"]) & {"queued", "running", "cancelling"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kills", type=int)
    parser.add_argument("--blender", default=str(TESTS / "support" / "fake_blender.py"), help="default: a fake one, which starts at once")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="offstage-kills-") as name:
        folder = Path(name)
        daemon = Daemon(folder / "daemon", f'blenders = ["{args.blender}"]\nsearch_blenders = false\nslots = 4\n')
        try:
            return chaos(daemon, folder, args.kills, args.seed)
        finally:
            daemon.close()


def chaos(daemon: Daemon, folder: Path, kills: int, seed: int) -> int:
    daemon.start()
    ledger = Ledger(folder / "ledger")
    submitters = [Submitter(daemon, folder, ledger, seed + n) for n in range(2)]
    killer = Killer(daemon, random.Random(seed))
    Waker(daemon).start()
    for submitter in submitters:
        submitter.start()
    try:
        while sum(killer.killed.values()) < kills:
            killer.once()
    finally:
        for submitter in submitters:
            submitter.done.set()
        for submitter in submitters:
            submitter.join()
    wait_for(lambda: quiet(daemon), CALM_S)
    found = Comparison(daemon, folder, ledger, set().union(*(submitter.cancelled for submitter in submitters)))
    left: list[str] = []
    try:
        wait_for(lambda: not left.clear() and not left.extend(folders_left(daemon, found.jobs)) and not left, 30)
    except AssertionError:
        found.seen["folders left"] = len(left)
        found.wrong += [f"{name}: a folder of no attempt" for name in left]
    daemon.offstage("daemon", "stop", timeout=120)
    found.after_the_end()
    for what, count in sorted(killer.killed.items()):
        print(f"  {count:>5}  {what}")
    print(f"{'kills':<16}{sum(killer.killed.values()):>7}")
    for what, count in found.seen.items():
        print(f"{what:<16}{count:>7}")
    for line in found.wrong[:50]:
        print(line)
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
