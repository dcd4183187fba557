# SPDX-License-Identifier: Apache-2.0
"""Ledger, jobs, and what the scripts wrote down themselves, when all is quiet: they must agree, and nothing be left."""
from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

from support.harness import Daemon, wait_for

from .ledger import MOST_ATTEMPTS, Ledger

RETRIED = ("CRASHED", "LOST")


class Comparison:
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
        lines = [tuple(line.split()) for line in marks.read_text().splitlines()] if marks.exists() else []
        words = [word for word, _ in lines]
        self.seen["succeeded"] += seen["state"] == "SUCCEEDED"
        self.seen["retried"] += len(attempts) > 1
        self.seen["lost"] += seen.get("reason") == "LOST"
        if sum(attempt["state"] == "SUCCEEDED" for attempt in attempts) > 1:
            self._wrong("committed twice", job, "two attempts succeeded")
        if words.count("begin") > len(attempts):
            self._wrong("committed twice", job, f"the script has begun {words.count('begin')} times in {len(attempts)} attempts")
        if not again and words.count("begin") > 1:
            self._wrong("committed twice", job, "a script that must not be tried again has begun twice")
        if overlap(lines):
            self._wrong("committed twice", job, f"two of its attempts ran at once: {lines}")
        if seen["state"] == "SUCCEEDED" and (seen["result"] != request or "end" not in words):
            self._wrong("missing", job, f"succeeded without its result: {seen['result']!r}, {words}")
        if again and seen["state"] == "FAILED" and seen["reason"] in RETRIED and len(attempts) < MOST_ATTEMPTS:
            self._wrong("missing", job, f"was given up as {seen['reason']} after {len(attempts)} attempts of {MOST_ATTEMPTS}")
        if cancelled and seen["state"] not in ("CANCELLED", "SUCCEEDED", "FAILED"):
            self._wrong("missing", job, f"was cancelled and is {seen['state']}")

    def nothing_left(self) -> None:
        """Stops the daemon. Then nothing of it runs, and the folders are those of attempts that it knows."""
        state_dir = Path(json.loads(self.daemon.offstage("status", "--json").stdout)["state_dir"])
        try:
            wait_for(lambda: not self._folders(state_dir), 60)   # a daemon looks again 20 s after its start
        except AssertionError:
            for name in self._folders(state_dir):
                folder = state_dir / "attempts" / name
                log = (line for line in (state_dir / "daemon.log").read_text(errors="replace").splitlines() if name in line)
                self._wrong("folders left", name, f"a folder of no attempt, with {sorted(os.listdir(folder))}; the daemon says of it: {[*log]}")
        self.daemon.offstage("daemon", "stop", timeout=120)
        try:
            wait_for(lambda: not self.daemon.processes(), 30)
        except AssertionError:
            for pid in self.daemon.processes():
                self._wrong("processes left", str(pid), "still runs")

    def _folders(self, state_dir: Path) -> list[str]:
        """But for those of spares, which have their log open."""
        known = {attempt["id"] for job in self.jobs.values() for attempt in job["attempts"]}
        spares = {name for pid in self.daemon.processes() for name in open_attempt(pid, state_dir)}
        return sorted({entry.name for entry in (state_dir / "attempts").iterdir()} - known - spares)


def overlap(lines: list[tuple[str, ...]]) -> bool:
    """Whether an attempt began while the script of another went on."""
    current = ""
    for word, pid in lines:
        if word == "begin":
            current = pid
        elif pid != current:
            return True
    return False


def open_attempt(pid: int, state_dir: Path) -> set[str]:
    try:
        log = Path(os.readlink(f"/proc/{pid}/fd/1"))
    except OSError:
        return set()
    return {log.parent.name} if log.parent.parent == state_dir / "attempts" else set()
