# SPDX-License-Identifier: Apache-2.0
"""Bugs that only real processes can show, and what notices them: each is seeded into a daemon of its own, with the fake Blender.

    seeded_bugs.py      a line for each: its name, a tab, the promise that it broke. Exit code 1: one of them was not caught.
"""
from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))
from support.harness import Daemon, alive, wait_for  # noqa: E402
from support.jobs import ENDED, GATED, Jobs  # noqa: E402

CONFIG = f'blenders = ["{TESTS / "support" / "fake_blender.py"}"]\nsearch_blenders = false\nslots = 2\n'
STRAY = """
import os, time
if os.fork() == 0:
    os.setsid()
    open({pid!r}, "w").write(str(os.getpid()) + "\\n")
    time.sleep(600)
while not os.path.exists({pid!r}):
    time.sleep(0.01)
"""


def ends_after_its_process(jobs: Jobs) -> str:
    """A script that closes each socket of its process is alive all the same."""
    gate, file = jobs.folder / "gate", jobs.folder / "worker"
    job = jobs.submit(f"import os\nopen({str(file)!r}, 'w').write(str(os.getpid()) + '\\n')\nos.closerange(3, 100)\n" + GATED.format(gate=str(gate)))
    wait_for(lambda: jobs.run("logs", job).stdout.count("line") > 20 or jobs.state(job) in ENDED)
    if jobs.state(job) in ENDED and alive(int(file.read_text())):
        return "a job ends after its process"
    gate.touch()
    return "" if jobs.wait_end(job)["state"] == "SUCCEEDED" else "an outcome that was left counts"


def leaves_no_stray(jobs: Jobs) -> str:
    file = jobs.folder / "stray"
    job = jobs.submit(STRAY.format(pid=str(file)), "--isolation", "fork")
    jobs.wait_end(job)
    wait_for(lambda: all(attempt["max_rss_bytes"] for attempt in jobs.show(job)["attempts"]))     # its exit is told
    return "nothing of an attempt runs when its exit is told" if alive(int(file.read_text())) else ""


@dataclass(frozen=True)
class Bug:
    name: str
    env: dict[str, str]
    broken: Callable[[Jobs], str]        # the promise that it breaks, or nothing


BUGS = [
    Bug("outcome_before_death", {"OFFSTAGE_BUG": "outcome_before_death"}, ends_after_its_process),
    Bug("forget_stray_rule", {"FAKE_BLENDER": "forget_strays"}, leaves_no_stray),
]


def seek(bug: Bug, folder: Path, seeded: bool) -> str:
    """The promise that is broken, with the bug or without it."""
    with Daemon(folder / "daemon", CONFIG, env=bug.env if seeded else {}) as daemon:
        wait_for(lambda: daemon.json("blenders")[0]["fork"] == "proven", 120)
        return bug.broken(Jobs(daemon, folder))


def main() -> int:
    lost = False
    for bug in BUGS:
        with tempfile.TemporaryDirectory(prefix="offstage-bug-") as folder:
            promise = seek(bug, Path(folder), seeded=True)
        print(f"{bug.name}\t{promise or 'NOT CAUGHT'}", flush=True)
        lost = lost or not promise
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
