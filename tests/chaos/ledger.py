# SPDX-License-Identifier: Apache-2.0
"""Who asks for jobs while everything is killed, and its own ledger of what it was told: fsynced before and after each request."""
from __future__ import annotations

import os
import random
import threading
import time
import uuid
from pathlib import Path

from support.harness import Daemon

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
MOST_OPEN = 24                               # jobs that have not begun: who is killed is to be busy, and the end is not to wait for a long queue
PATIENCE_S = 10
MOST_ATTEMPTS = 5


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
        self._unbegun: set[str] = set()           # requests

    def run(self) -> None:
        while not self.done.is_set():
            request, again = str(uuid.uuid4()), self.random.random() < 0.5
            script = self.folder / f"{request}.py"
            script.write_text(SCRIPT.format(marks=str(self.folder / f"{request}.marks"), seconds=self.random.choice((0, 0.02, 0.2, 0.5, 1)), token=request))
            policy = ["--attempts", str(MOST_ATTEMPTS), "--retry-on", "CRASHED", "--retry-on", "LOST"] if again else []
            self.ledger.ask(request, again)
            while True:
                done = self.daemon_.offstage("submit", str(script), "--request-id", request, *policy, timeout=120)
                if done.returncode == 0:
                    break
                time.sleep(0.05)
            job = done.stdout.strip()
            self.ledger.accept(request, job)
            self._unbegun.add(request)
            time.sleep(self.random.random() * 0.1)
            if self.random.random() < 0.1 and self.daemon_.offstage("cancel", job, timeout=120).returncode == 0:
                self.cancelled.add(job)
                self._unbegun.discard(request)
            self._pause()

    def _pause(self) -> None:
        stop = time.monotonic() + PATIENCE_S
        while not self.done.is_set() and len(self._unbegun) >= MOST_OPEN // 2:
            time.sleep(0.02)
            self._unbegun = {request for request in self._unbegun if not (self.folder / f"{request}.marks").exists()}
            if time.monotonic() > stop:
                self._unbegun.clear()        # some end without having begun
