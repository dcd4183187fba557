# SPDX-License-Identifier: Apache-2.0
"""What tests do with jobs, through the command line alone: submit, look, wait."""
from __future__ import annotations

import json
import subprocess
import uuid
from pathlib import Path

from .harness import Daemon, alive, wait_for

ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")

# Runs until the file `gate` appears, says where it is, counts aloud. What a test needs that acts in the middle of a job.
GATED = """
import offstage, pathlib, time
gate = pathlib.Path({gate!r})
count = 0
print("begun", flush=True)
while not gate.exists():
    count += 1
    print("line", count, flush=True)
    time.sleep(0.02)
print("the end")
offstage.result = count
"""


class Jobs:
    """A daemon, a folder for scripts, and short words for both."""

    def __init__(self, daemon: Daemon, folder: Path) -> None:
        self.daemon = daemon
        self.folder = folder

    # ---- the command line ----

    def run(self, *args: str, timeout: float = 60, **kwargs) -> subprocess.CompletedProcess[str]:
        """`offstage ARGS…`"""
        return self.daemon.offstage(*map(str, args), timeout=timeout, **kwargs)

    def ok(self, *args: str, timeout: float = 60, **kwargs) -> str:
        done = self.run(*args, timeout=timeout, **kwargs)
        assert done.returncode == 0, f"offstage {' '.join(map(str, args))}: exit {done.returncode}\n{done.stderr}"
        return done.stdout

    def json(self, *args: str, timeout: float = 60):
        return json.loads(self.ok(*args, "--json", timeout=timeout))

    def popen(self, *args: str, **kwargs) -> subprocess.Popen[str]:
        return subprocess.Popen([self.daemon.cli, *map(str, args)], env=self.daemon.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)

    # ---- jobs ----

    def script(self, text: str, name: str = "script.py") -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def submit(self, text: str, *args: str) -> str:
        """The id."""
        return self.ok("submit", self.script(text, f"{uuid.uuid4().hex[:8]}.py"), *args).strip()

    def gated(self, *args: str) -> tuple[str, Path]:
        """A job that runs until the returned file exists, already running."""
        gate = self.folder / f"gate-{uuid.uuid4().hex[:8]}"
        job = self.submit(GATED.format(gate=str(gate)), *args)
        wait_for(lambda: "begun" in self.run("logs", job).stdout)
        return job, gate

    def show(self, job: str) -> dict:
        return self.json("show", job)

    def state(self, job: str) -> str:
        return self.show(job)["state"]

    def wait_state(self, job: str, *states: str, patience: float = 60) -> dict:
        """The job, once it is in one of these states; an end that is none of them fails at once."""

        def look():
            seen = self.show(job)
            assert seen["state"] in states or seen["state"] not in ENDED, seen
            return seen if seen["state"] in states else None

        return wait_for(look, patience)

    def wait_end(self, job: str, patience: float = 60) -> dict:
        return self.wait_state(job, *ENDED, patience=patience)

    def worker(self, job: str) -> int:
        """The pid of the running attempt."""
        return wait_for(lambda: next((a["pid"] for a in self.show(job)["attempts"] if a["state"] == "RUNNING" and alive(a["pid"])), None))
