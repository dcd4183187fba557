# SPDX-License-Identifier: Apache-2.0
"""Limits and leftovers on real Blenders: what a script leaves behind, what Blender itself leaves when it is killed, and memory that is asked for at once."""
from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.escapes import Escapes
from support.harness import Daemon, alive, wait_for

RENDER = """
import bpy, offstage
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples, scene.cycles.use_denoising = 16, False
scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 640, 480, 100
bpy.data.objects["Cube"].modifiers.new("subdivision", "SUBSURF").render_levels = 6
bpy.ops.render.render()
offstage.result = len(bpy.data.images)
"""


def ended(daemon: Daemon, job: str) -> dict:
    daemon.offstage("wait", job, timeout=180)
    return json.loads(daemon.offstage("show", job, "--json").stdout)


def submit(daemon: Daemon, *args: str) -> str:
    done = daemon.offstage("submit", *args)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("isolation", ["fork", "process"])
@pytest.mark.parametrize("then", ["", "while True: time.sleep(1)"], ids=["returns", "is cancelled"])
def test_whatever_a_script_leaves_behind_is_gone_when_it(shared: Daemon, script: Callable[..., str], tmp_path: Path, isolation: str, then: str) -> None:
    escapes = Escapes(tmp_path / "note")
    job = submit(shared, script(escapes.script(then)), "--isolation", isolation)
    escapes.await_all()
    if then:
        shared.offstage("cancel", job)
    assert ended(shared, job)["state"] == ("CANCELLED" if then else "SUCCEEDED")
    wait_for(lambda: not escapes.left())


def test_a_fork_bomb_of_a_whole_blender_is_cleared_away(shared: Daemon, script: Callable[..., str], tmp_path: Path) -> None:
    escapes = Escapes(tmp_path / "note")
    job = submit(shared, script(escapes.bomb(50)), "--isolation", "fork")
    assert ended(shared, job)["state"] == "SUCCEEDED"
    wait_for(lambda: not escapes.left())


def test_blenders_that_are_killed_as_they_start_or_work_leave_no_folder(blender: str, shared: Daemon, script: Callable[..., str], tmp_path: Path) -> None:
    temp = tmp_path / "temp"
    temp.mkdir()
    daemon = Daemon(tmp_path / "own", f'blenders = ["{blender}"]\nsearch_blenders = false\n', proof_cache=shared.proof_cache, env={"TMPDIR": str(temp)})
    forever = script("import time\ntime.sleep(600)")
    jobs: list[str] = []
    try:
        for moment in (0.2, 0.7, 1.5, 3.0):
            daemon.start()
            for isolation in ("fork", "process"):
                jobs.append(submit(daemon, forever, "--isolation", isolation))
            time.sleep(moment)
            for pid in daemon.processes():
                with contextlib.suppress(ProcessLookupError):    # with its parent
                    os.kill(pid, signal.SIGKILL)
            wait_for(lambda: not any(map(alive, daemon.processes())))
        daemon.start()
        for job in jobs:
            daemon.offstage("cancel", job)
        assert daemon.offstage("run", script("pass", "last.py"), timeout=120).returncode == 0
        state = Path(json.loads(daemon.offstage("status", "--json").stdout)["state_dir"])
    finally:
        daemon.close()
    assert list(temp.iterdir()) == []
    assert [path.name for path in (state / "keepers").iterdir() if path.suffix == ".tmp"] == []


@pytest.mark.parametrize("isolation", ["fork", "process"])
def test_a_burst_is_out_of_memory_and_a_render_within_the_limit_is_not(shared: Daemon, script: Callable[..., str], isolation: str) -> None:
    burst = ended(shared, submit(shared, script("data = bytearray(16 << 30)", "burst.py"), "--memory", "1GiB", "--isolation", isolation))
    assert (burst["state"], burst["reason"]) == ("FAILED", "OUT_OF_MEMORY"), burst
    render = ended(shared, submit(shared, script(RENDER, "render.py"), "--memory", "1GiB", "--isolation", isolation))
    assert render["state"] == "SUCCEEDED", render
