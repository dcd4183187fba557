# SPDX-License-Identifier: Apache-2.0
"""Files and scenes that a job is given, in real Blenders, forked and cold."""
from __future__ import annotations

import json

import pytest

MAKE = """
import bpy, os
image = bpy.data.images.new("wood", 4, 4)
image.filepath_raw, image.file_format = os.path.join({project!r}, "textures", "wood.png"), "PNG"
image.save()
cube = bpy.data.objects["Cube"]
cube.name = "Würfel"
image.filepath = "//textures/wood.png"
image.use_fake_user = True
bpy.ops.wm.save_as_mainfile(filepath={blend!r}, relative_remap=False)
"""
LOOK = """
import bpy, offstage
image = bpy.data.images["wood"]
offstage.result = ["Würfel" in bpy.data.objects, image.filepath, image.has_data or len(image.pixels) == 64]
"""


@pytest.mark.parametrize("isolation", ["fork", "process"])
def test_an_image_that_was_given_is_loaded_by_its_name(shared, script, tmp_path, isolation):
    picture = tmp_path / "picture.png"
    make = f"import bpy\nimage = bpy.data.images.new('x', 8, 2)\nimage.filepath_raw, image.file_format = {str(picture)!r}, 'PNG'\nimage.save()"
    made = shared.offstage("run", script(make))
    assert made.returncode == 0, made.stderr
    code = "import bpy, offstage, os\nimage = bpy.data.images.load(os.path.abspath('in/a.png'))\noffstage.result = list(image.size)"
    done = shared.offstage("run", script(code), "--input", f"{picture}=in/a.png", "--isolation", isolation)
    assert done.returncode == 0 and json.loads(done.stdout) == [8, 2], done.stderr


@pytest.mark.parametrize("isolation", ["fork", "process"])
def test_a_scene_by_value_finds_what_lies_beside_its_original_path(shared, script, tmp_path, isolation):
    project, unsaved = tmp_path / "project", tmp_path / "elsewhere" / "unsaved.blend"
    for folder in (project / "textures", unsaved.parent):
        folder.mkdir(parents=True)
    made = shared.offstage("run", script(MAKE.format(project=str(project), blend=str(unsaved))))
    assert made.returncode == 0, made.stderr
    assert not (project / "shot.blend").exists()
    done = shared.offstage("run", script(LOOK), "--blend-by-value", str(unsaved), "--original-path", str(project / "shot.blend"), "--isolation", isolation)
    assert done.returncode == 0 and json.loads(done.stdout) == [True, "//textures/wood.png", True], done.stderr
