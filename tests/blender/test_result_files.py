# SPDX-License-Identifier: Apache-2.0
"""Pictures that a real Blender leaves: listed while it renders the next one, fetched and delivered byte for byte, forked and cold."""
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.harness import Daemon

RENDER = """
import bpy, offstage, os
scene = bpy.context.scene
scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 1, False
scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 64, 48, 100
for frame in (1, 2):
    scene.frame_set(frame)
    scene.render.filepath = f"{offstage.out_dir}/frames/{frame:04}.png"
    bpy.ops.render.render(write_still=True)
    offstage.save_file(scene.render.filepath)
bpy.ops.wm.save_as_mainfile(filepath=os.path.abspath("scene.blend"), copy=True)
offstage.result = offstage.save_file("scene.blend", "scenes/after.blend")
"""


@pytest.mark.parametrize("isolation", ["fork", "process"])
def test_pictures_and_scenes_are_fetched_and_delivered(shared: Daemon, script: Callable[..., str], tmp_path: Path, isolation: str) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    ran = json.loads(shared.offstage("run", script(RENDER), "--isolation", isolation, "--deliver", str(there), "--json", timeout=240).stdout)
    assert ran["state"] == "SUCCEEDED" and ran["result"] == "scenes/after.blend" and ran["file_count"] == 3, ran
    done = shared.offstage("fetch", ran["id"], "-o", str(here))
    assert done.returncode == 0, done.stderr
    for name in ("frames/0001.png", "frames/0002.png", "scenes/after.blend"):
        left = Path(ran["out_dir"], name).read_bytes()
        assert (here / name).read_bytes() == left == (there / name).read_bytes()
    assert (here / "frames/0001.png").read_bytes().startswith(b"\x89PNG\r\n")
