# SPDX-License-Identifier: Apache-2.0
"""A thousand forks of one warm Blender, and none hangs; scripts/chaos --long makes ten thousand of each (OFFSTAGE_FORKS).

Over the wire itself, without a daemon, so that a hang is the fork's and nobody restarts what hangs.
"""
from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from support.wire_host import Blender, Keeper, Worker, hosting, value

COUNT = int(os.environ.get("OFFSTAGE_FORKS", "1000"))
AT_A_TIME = 6
PATIENCE_S = 180.0                       # a worker that takes longer hangs
SMOOTH = 4                               # each so many-th subdivides, which costs most of the time
RENDERS = 50                             # and renders: what uses threads most

# Evaluates on all threads: what a child hangs in whose thread pools are those of its parent.
SCRIPT = """
import bpy, offstage
bpy.ops.mesh.primitive_monkey_add()
bpy.context.object.modifiers.new("shape", "SUBSURF" if {smooth} else "SOLIDIFY")
bpy.context.view_layer.update()
mesh = bpy.context.object.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
if {render}:
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 1, False
    scene.render.resolution_x = scene.render.resolution_y = 16
    bpy.ops.render.render()
offstage.result = len(mesh.vertices)
"""


def private_kib(pid: int) -> int:
    return sum(int(line.split()[1]) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if line.startswith("Private_"))


def all_end(keeper: Keeper, count: int) -> None:
    """Forks so many, some at a time, each with its script; the first that does not come to its end fails the test."""
    host, idle, busy, forked = keeper.host, list[Worker](), list[Worker](), 0

    def news() -> bool:
        return any("idle" in worker.seen for worker in idle) or any(worker.exited for worker in idle + busy)

    while forked < count or idle or busy:
        while len(idle) + len(busy) < AT_A_TIME and forked < count:
            idle.append(keeper.fork())
            forked += 1
        host.until(news, PATIENCE_S, f"one of {[worker.attempt for worker in idle + busy]}")
        for worker in [worker for worker in idle if "idle" in worker.seen]:
            idle.remove(worker)
            busy.append(worker.start(SCRIPT.format(smooth=forked % SMOOTH == 0, render=forked % RENDERS == 0)))
        for worker in [worker for worker in busy if worker.exited]:
            assert value(worker.outcome()) > 500, worker.log
            busy.remove(worker)
            keeper.seen = [news for news in keeper.seen if news.get("attempt") != worker.attempt]
            del host.workers[worker.nonce]
            shutil.rmtree(worker.folder)
        assert not any(worker.exited for worker in idle), "a worker ended that had no job"


def test_a_warm_blender_forks_again_and_again_and_none_hangs(blender: str, tmp_path: Path) -> None:
    with hosting(tmp_path / "state") as host:
        keeper = host.keeper(Blender.at(blender))
        all_end(keeper, 50)
        pid = keeper.hello["pid"]
        memory, descriptors, began = private_kib(pid), len(os.listdir(f"/proc/{pid}/fd")), time.monotonic()
        all_end(keeper, COUNT)
        print(f"{COUNT} forks of {blender} in {time.monotonic() - began:.0f} s; the zygote has {private_kib(pid) - memory} KiB more of its own")
        assert private_kib(pid) < memory + 16384 and len(os.listdir(f"/proc/{pid}/fd")) == descriptors
