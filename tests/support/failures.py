# SPDX-License-Identifier: Apache-2.0
"""Every way in which a job may fail, made to happen on the fake Blender, and what `offstage show` says of it with all that changes from run to run fixed.

docs/guides/failures.md shows these: scripts/make-failures writes them there, tests/integration/test_reasons.py compares.
"""
from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .harness import Daemon, wait_for
from .jobs import Jobs

FAKE_BLENDER = Path(__file__).resolve().parent / "fake_blender.py"
CONFIG = f'blenders = ["{FAKE_BLENDER}"]\nsearch_blenders = false\nslots = 1\n'
PAUSE = "import time\n\nprint('rendering', flush=True)\ntime.sleep(600)\n"

# What differs from run to run, and what the page has in its place.
CHANGING = [
    (r"\b[0-9a-f]{12}\b|\b[0-9a-f]{32}\b", "3fa94c1d22b0"),
    (r"process \d+", "process 4711"),
    (r"was [\d.]+ MiB at most", "was 96 MiB at most"),
    (r"4\.9\.0-fake_blender\.py", "4.5.3-blender"),
    (r"\b(from|a) Blender 4.5.3-blender(, after [\d.]+s)?", r"\1 Blender 4.5.3-blender, after 2.31s"),
    (r"\S+@\S+, with offstage/[\d.]+", "alice@desk, with offstage/0.1.0"),
    (r"\n *[~^]+ *(?=\n)", ""),          # Python's marks below a line, of 3.11 and later
]


class Stage:
    """A daemon whose Blenders read the kernel's count of kills for want of memory from a file of ours."""

    def __init__(self, folder: Path, words: str = "") -> None:
        self.words = words
        self.kills = folder / "oom_kill"
        self.kills.write_text("oom_kill 0\n")
        self.scripts = folder / "scripts"
        self.scripts.mkdir()
        self.daemon = Daemon(folder / "daemon", CONFIG, env={"FAKE_BLENDER": f"oom_count={self.kills},{words}"})
        self.jobs = Jobs(self.daemon, self.scripts)

    def start(self) -> None:
        self.daemon.start()
        if not self.words:                   # then every worker is forked, and says so
            wait_for(lambda: self.jobs.json("blenders")[0]["fork"] == "proven", 120)

    def kill(self, job: str, number: int) -> None:
        wait_for(lambda: "rendering" in self.jobs.run("logs", job).stdout)
        os.kill(self.jobs.worker(job), number)

    def kill_as_the_kernel_does(self, job: str) -> None:
        wait_for(lambda: "rendering" in self.jobs.run("logs", job).stdout)
        self.kills.write_text("oom_kill 1\n")
        os.kill(self.jobs.worker(job), signal.SIGKILL)

    def stop_the_daemon(self, job: str) -> None:
        self.jobs.worker(job)
        self.jobs.ok("daemon", "stop", "--now")
        self.daemon.start()

    def cancel(self, job: str) -> None:
        self.jobs.worker(job)
        self.jobs.ok("cancel", job)


@dataclass(frozen=True)
class Case:
    name: str                            # of the script; the page's marker
    reason: str | None
    script: str
    options: tuple[str, ...] = ()
    act: Callable[[Stage, str], None] = lambda stage, job: None
    words: str = ""                      # of fake_faults.py, for a daemon of its own
    behind: str = ""                     # a job that holds the only slot meanwhile
    scene: str = ""                      # lines of a fake .blend beside the script

    def arguments(self, folder: str = "") -> list[str]:
        return [*(("--blend", f"{folder}{self.name}.blend") if self.scene else ()), *self.options]


CASES = [
    Case("typo", "SCRIPT_ERROR", "shots = {'010': 24}\nprint('frames:', shots['020'])\n"),
    Case("check", "EXIT_CODE", "import sys\n\nprint('there is no camera in this scene')\nsys.exit(3)\n"),
    Case("segfault", "CRASHED", "import ctypes\n\nprint('reading the mesh', flush=True)\nctypes.string_at(0)\n"),
    Case("killed", "CRASHED", PAUSE, act=lambda stage, job: stage.kill(job, signal.SIGKILL)),
    Case("terminated", "CRASHED", PAUSE, act=lambda stage, job: stage.kill(job, signal.SIGTERM)),
    Case("vanish", "CRASHED", "import os\n\nprint('a licence was not found', flush=True)\nos._exit(5)\n"),
    Case("greedy", "OUT_OF_MEMORY", "import time\n\nblocks = []\nwhile True:\n    blocks.append(bytearray(b'x') * (8 << 20))\n    time.sleep(0.01)\n",
         ("--memory", "128MiB")),
    Case("too_large", "OUT_OF_MEMORY", "pixels = bytearray(1 << 50)\n", ("--memory", "1GiB")),
    Case("crowded", "OUT_OF_MEMORY", PAUSE, act=lambda stage, job: stage.kill_as_the_kernel_does(job)),
    Case("slow", "TIMED_OUT", PAUSE, ("--timeout", "1s")),
    Case("silent", "TIMED_OUT", PAUSE, ("--progress-timeout", "2s")),
    Case("late", "TIMED_OUT", "print('my turn')\n", ("--queue-timeout", "1s"), behind=PAUSE),
    Case("no_start", "TIMED_OUT", "print('here')\n", ("--start-timeout", "1ms", "--env", "OCIO=/studio/config.ocio", "--isolation", "process")),
    Case("full", "DISK_FULL", "with open('/dev/full', 'wb', buffering=0) as image:\n    image.write(b'pixels')\n"),
    Case("shy", "RESULT_INVALID", "import offstage\n\noffstage.result = {'camera': object()}\n"),
    Case("kitchen", "PREFLIGHT", "print('rendering')\n", ("--on-warning", "fail"), scene="image //textures/wood.png\nimage //textures/tiles.png\n"),
    Case("stopped", "LOST", PAUSE, act=lambda stage, job: stage.stop_the_daemon(job)),
    Case("no_blender", "BLENDER_UNAVAILABLE", "print('here')\n", ("--isolation", "process"), words="garbage"),
    Case("unwanted", None, PAUSE, act=lambda stage, job: stage.cancel(job)),
]


def happen(stage: Stage, case: Case) -> tuple[dict, str]:
    """The job as `show --json` has it, and the first part of what `show` says."""
    holder = stage.jobs.submit(case.behind) if case.behind else ""
    if holder:
        stage.jobs.worker(holder)
    if case.scene:
        (stage.scripts / f"{case.name}.blend").write_text("BLENDER-v300 FAKE\n" + case.scene)
    job = stage.jobs.ok("submit", stage.jobs.script(case.script, f"{case.name}.py"), *case.arguments(f"{stage.scripts}/")).strip()
    case.act(stage, job)
    stage.jobs.wait_end(job, 180)
    seen = wait_for(lambda: told_whole(stage.jobs.show(job)))
    if holder:
        stage.jobs.ok("cancel", holder)
        stage.jobs.wait_end(holder)
    return seen, fixed(stage.jobs.ok("show", job), stage.scripts)


def told_whole(job: dict) -> dict | None:
    """The job, once it is known what its process used: that comes a moment after its end."""
    return job if all(attempt["max_rss_bytes"] for attempt in job["attempts"]) else None


def fixed(text: str, scripts: Path) -> str:
    text = re.split(r"\n\nid  +", text)[0].rstrip() + "\n"
    text = text.replace(f"{scripts}/", "/shots/")
    for pattern, instead in CHANGING:
        text = re.sub(pattern, instead, text)
    return text


def block(case: Case, shown: str) -> str:
    """Of the page: the script, how it was submitted, what `show` says."""
    command = " ".join(["$ offstage submit", f"{case.name}.py", *case.arguments()])
    return f"```python\n# {case.name}.py\n{case.script}```\n\n```\n{command}\n$ offstage show 3fa9\n{shown}```\n"


def on_page(page: str, case: Case, shown: str) -> str:
    """The page with this case as it is now."""
    part = re.compile(rf"(<!-- case {case.name} -->\n).*?(<!-- end -->)", re.DOTALL)
    assert len(part.findall(page)) == 1, f"the page has no place for {case.name}"
    return part.sub(lambda found: found[1] + block(case, shown) + found[2], page)
