# SPDX-License-Identifier: Apache-2.0
"""What renders in a forked worker is what renders in a cold Blender."""
from __future__ import annotations

import json
import os

PICTURE = """
import bpy, hashlib, numpy, offstage, os
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.seed = 8, False, 3
scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 96, 64, 100
scene.render.image_settings.file_format = FORMAT
scene.render.filepath = os.path.join(offstage.out_dir, "picture")
bpy.ops.render.render(write_still=True)
path = bpy.path.abspath(scene.render.frame_path()) if not os.path.exists(scene.render.filepath) else scene.render.filepath
path = [os.path.join(offstage.out_dir, n) for n in os.listdir(offstage.out_dir)][0]
image = bpy.data.images.load(path)
pixels = numpy.empty(len(image.pixels), dtype=numpy.float32)
image.pixels.foreach_get(pixels)
offstage.result = {"digest": hashlib.sha256(pixels.tobytes()).hexdigest(), "path": path, "mean": float(pixels.mean())}
"""


def test_a_forked_picture_equals_a_cold_one_pixel_by_pixel(shared, script):
    for file_format in ("PNG", "OPEN_EXR"):
        path = script(PICTURE.replace("FORMAT", repr(file_format)), f"{file_format}.py")
        seen = [json.loads(shared.offstage("run", path, "--isolation", isolation, timeout=300).stdout) for isolation in ("fork", "process")]
        assert seen[0]["digest"] == seen[1]["digest"]
        assert seen[0]["mean"] > 0.01
        assert all(os.path.getsize(r["path"]) > 500 for r in seen)


def test_a_saved_scene_opens_where_it_lies(shared, script, tmp_path):
    blend = str(tmp_path / "my scene.blend")
    shared.offstage("run", script(f"import bpy\nbpy.data.objects['Cube'].name = 'Würfel'\nbpy.ops.wm.save_as_mainfile(filepath={blend!r})"))
    code = "import bpy, offstage\noffstage.result = [bpy.data.filepath, 'Würfel' in bpy.data.objects, bpy.path.abspath('//x')]"
    for isolation in ("fork", "process"):
        done = shared.offstage("run", script(code), "--blend", blend, "--isolation", isolation)
        assert json.loads(done.stdout) == [blend, True, str(tmp_path / "x")], done.stderr


def test_the_script_s_log_has_what_blender_itself_prints(shared, script):
    code = """
import bpy, os
print('from python')
os.write(1, b'raw \\xff bytes\\n')
bpy.ops.wm.read_homefile(use_factory_startup=True)
scene = bpy.context.scene
scene.render.resolution_x = 32
scene.render.engine = 'CYCLES'
scene.cycles.samples = 1
scene.cycles.use_denoising = False
bpy.ops.render.render()
"""
    done = shared.offstage_bytes("run", script(code), timeout=120)
    assert done.returncode == 0, done.stderr
    assert b"from python\n" in done.stderr and b"raw \xff bytes\n" in done.stderr
    assert b"Fra:1" in done.stderr  # Blender's C side
