# SPDX-License-Identifier: Apache-2.0
"""One fault after the other: SIGKILL for daemon, keepers and workers, those above all that are in the middle of a job; named places; SIGSTOP and SIGCONT."""
from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

from support.harness import Daemon, alive, wait_for

CALM_S = 180
POINTS = ("api.before_reply", "store.in_transaction", "store.before_commit", "store.after_commit", "store.after_fsync_before_ack", "pool.after_prepare",
          "pool.before_go", "pool.after_go", "pool.before_outcome_is_told", "pool.before_death_is_told", "app.after_adoption", "keeper.after_fork",
          "keeper.before_exit_record", "keeper.after_exit_record", "worker.prepared", "worker.after_go", "worker.before_outcome", "worker.after_outcome")


class Waker(threading.Thread):
    """Lets go on, after a moment, whoever has stopped itself at a named point."""

    def __init__(self, daemon: Daemon) -> None:
        super().__init__(daemon=True)
        self.daemon_ = daemon

    def run(self) -> None:
        while True:
            time.sleep(0.2)
            for pid in self.daemon_.processes():
                if stat(pid, 0) == "T":
                    send(pid, signal.SIGCONT)


class Killer:
    def __init__(self, daemon: Daemon, rng: random.Random) -> None:
        self.daemon, self.random = daemon, rng
        self.killed: Counter[str] = Counter()
        self._often = {self.kill_worker: 6, self.kill_keeper: 3, self.kill_daemon: 2, self.kill_all: 1, self.stop_daemon: 1, self.replace_daemon: 1,
                       self.at_a_point: 4}

    def once(self) -> None:
        """One fault; afterwards a daemon serves."""
        [what] = self.random.choices(list(self._often), list(self._often.values()))
        time.sleep(self.random.random() * 0.3)
        what()

    def _serve(self, at: str = "") -> None:
        self.daemon.env.pop("OFFSTAGE_CRASH_AT", None)
        if at:
            self.daemon.env["OFFSTAGE_CRASH_AT"] = at
        wait_for(lambda: self.daemon.offstage("daemon", "start", timeout=120).returncode == 0 or (at and self._forget()), CALM_S)
        while not at and self._has_orders():
            wait_for(lambda: self.daemon.offstage("daemon", "start", timeout=120).returncode == 0, CALM_S)

    def _has_orders(self) -> bool:
        """A submitter that found no daemon may have started this one while there were orders to die; after the last fault nobody would start another."""
        done = self.daemon.offstage("status", "--json", timeout=60)
        if done.returncode != 0:
            return True
        pid = json.loads(done.stdout)["pid"]
        try:
            if b"OFFSTAGE_CRASH_AT=" not in Path(f"/proc/{pid}/environ").read_bytes():
                return False
        except OSError:
            return True
        send(pid, signal.SIGKILL)
        wait_for(lambda: not alive(pid))
        return True

    def _forget(self) -> bool:
        """It died before it served, as it was told to: the next one has no such orders."""
        self.daemon.env.pop("OFFSTAGE_CRASH_AT", None)
        return False

    def _status(self) -> dict:
        def look() -> dict | None:
            done = self.daemon.offstage("status", "--json", timeout=60)
            return json.loads(done.stdout) if done.returncode == 0 else None
        return wait_for(look, CALM_S)

    def _busy(self) -> list[int]:
        """Workers whose script runs, as the daemon says and /proc confirms; waits a moment for one."""
        def look() -> list[int] | None:
            done = self.daemon.offstage("list", "--state", "RUNNING", "--json", timeout=60)
            jobs = json.loads(done.stdout) if done.returncode == 0 else []
            return [attempt["pid"] for job in jobs for attempt in job["attempts"] if attempt["state"] == "RUNNING" and alive(attempt["pid"])]
        stop = time.monotonic() + 5
        while not (found := look()) and time.monotonic() < stop:
            time.sleep(0.02)
        return found

    def _kill_daemon(self) -> None:
        pid = self._status()["pid"]
        send(pid, signal.SIGKILL)
        wait_for(lambda: not alive(pid))

    def kill_daemon(self) -> None:
        self._kill_daemon()
        self.killed["daemon"] += 1
        self._serve()

    def kill_all(self) -> None:
        """What a cgroup's end is: all of it at once, of which some dies first."""
        self._busy()
        found = self.daemon.processes()
        self.random.shuffle(found)
        for pid in found:
            if b"offstage\0" not in command(pid):      # the submitters are strangers
                send(pid, signal.SIGKILL)
        self.killed["daemon, keepers and workers"] += 1
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

    def kill_worker(self) -> None:
        if busy := self._busy():
            send(self.random.choice(busy), signal.SIGKILL)
            self.killed["worker with a job"] += 1

    def kill_keeper(self) -> None:
        keepers = {zygote["pid"] for zygote in self._status()["zygotes"]}
        if busy := sorted(keepers & {int(stat(pid, 1) or 0) for pid in self._busy()}):
            send(self.random.choice(busy), signal.SIGKILL)
            self.killed["keeper with busy workers"] += 1

    def at_a_point(self) -> None:
        """A daemon that dies at a named place, or whose keepers or workers do; then one that does not."""
        point, how = self.random.choice(POINTS), self.random.choice(("", "", ":stop"))
        self._kill_daemon()
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


def stat(pid: int, field: int) -> str:
    """0: the state; 1: the parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[field]
    except OSError:
        return ""


def command(pid: int) -> bytes:
    """Its program's name, with a NUL behind it."""
    try:
        return os.path.basename(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]) + b"\0"
    except OSError:
        return b""
