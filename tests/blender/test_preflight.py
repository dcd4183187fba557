# SPDX-License-Identifier: Apache-2.0
"""What is said of a scene before anything of the user's runs: each code, and silence where all is well."""
from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from stage import Stage, codes
from wire_host import value

FILES = """
import os
bpy.data.images.new("tiles", 1, 1)
for name, source, path in (("wood", "FILE", "//wood.png"), ("skin", "TILED", "//skin.<UDIM>.png"), ("fire", "SEQUENCE", "//fire_0001.png")):
    image = bpy.data.images.new(name, 1, 1)
    image.source, image.filepath, image.use_fake_user = source, path, True
    if source == "TILED":
        image.tiles.new(1002)
    if source == "SEQUENCE":
        texture = bpy.data.textures.new("T", "IMAGE")
        texture.use_fake_user, texture.image = True, image
        texture.image_user.frame_start, texture.image_user.frame_duration, texture.image_user.frame_offset = 11, 5, 100
bpy.data.volumes.new("smoke").filepath = "//smoke.vdb"
bpy.data.volumes["smoke"].use_fake_user = True
bpy.data.texts.load(FOLDER + "/notes.txt").filepath = "//notes.txt"
for make, path in ((bpy.data.fonts.load, "letters.ttf"), (bpy.data.sounds.load, "steps.wav"), (bpy.data.movieclips.load, "plate.png")):
    block = make(FOLDER + "/" + path, check_existing=False)
    block.use_fake_user, block.filepath = True, "//" + path
scene = bpy.context.scene
editor = scene.sequence_editor_create()
strips = editor.strips if hasattr(editor, "strips") else editor.sequences
strips.new_image("S", FOLDER + "/plate.png", 1, 1).directory = "//"
with bpy.data.libraries.load(FOLDER + "/lib.blend", link=True, relative=True) as (of, into):
    into.objects = ["Shared"]
scene.collection.objects.link(into.objects[0])
"""
NEEDED = {"letters.ttf": "FONT_MISSING", "steps.wav": "SOUND_MISSING", "plate.png": "CLIP_MISSING", "lib.blend": "LIBRARY_MISSING", "notes.txt": "FILE_MISSING"}


def told(outcome: dict[str, Any], code: str) -> list[dict[str, Any]]:
    return [warning for warning in outcome["warnings"] if warning["code"] == code]


@pytest.fixture(scope="module")
def bare(stage: Stage) -> Stage:
    """A scene all of whose files are gone."""
    folder = Path(stage.path("bare/x.blend")).parent
    stage.make("bare/lib.blend", 'bpy.context.scene.collection.objects.link(bpy.data.objects.new("Shared", bpy.data.meshes.new("Shared")))')
    stage.picture("bare/plate.png")
    (folder / "notes.txt").write_text("notes")
    (folder / "steps.wav").write_bytes(b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\x08\0data\0\0\0\0")
    find = "import bpy, offstage, os\nfolder = bpy.utils.system_resource('DATAFILES', path='fonts')\n"
    find += "offstage.result = next(os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(('.ttf', '.woff2', '.otf')))"
    (folder / "letters.ttf").write_bytes(Path(value(stage.host.run(stage.keeper, find))).read_bytes())
    stage.make("bare/x.blend", FILES.replace("FOLDER", repr(str(folder))))
    for name in NEEDED:
        os.unlink(folder / name)
    return stage


def test_each_file_that_is_missing_is_named(bare: Stage):
    outcome = bare.open("bare/x.blend", "")
    assert outcome["state"] == "succeeded"
    folder = bare.path("bare")
    for name, code in NEEDED.items():
        [one] = told(outcome, code)
        assert one["metadata"]["path"] == f"{folder}/{name}" and f"{folder}/{name}" in one["message"] and one["metadata"]["hint"]
    images = {one["metadata"]["data_block"]: one for one in told(outcome, "TEXTURE_MISSING")}
    assert set(images) == {"wood", "skin", "fire"}
    assert images["skin"]["metadata"]["path"] == f"{folder}/skin.1001.png" and images["skin"]["metadata"]["count"] == "2"
    assert images["fire"]["metadata"]["path"] == f"{folder}/fire_0101.png" and images["fire"]["metadata"]["count"] == "5"
    assert told(outcome, "VOLUME_MISSING")[0]["metadata"]["path"] == f"{folder}/smoke.vdb"
    assert told(outcome, "STRIP_MISSING")[0]["metadata"]["path"] == f"{folder}/plate.png"


def test_fail_stops_before_the_script_and_the_same_job_runs_once_the_files_are_back(stage: Stage):
    stage.make("back/x.blend", 'image = bpy.data.images.new("wood", 1, 1)\nimage.source, image.filepath, image.use_fake_user = "FILE", "//wood.png", True')
    refused = stage.open("back/x.blend", "raise SystemExit(9)", on_warning="fail")
    path = stage.path("back/wood.png")
    assert (refused["state"], refused["reason"]) == ("failed", "PREFLIGHT") and path in refused["message"] and "--on-warning warn" in refused["hint"]
    stage.picture("back/wood.png")
    assert stage.open("back/x.blend", "", on_warning="fail")["state"] == "succeeded"


def test_a_scene_that_has_all_it_needs_is_told_nothing_of(stage: Stage):
    stage.make("good/x.blend", """
packed = bpy.data.images.new("packed", 1, 1)
packed.pack()
bpy.data.images.new("generated", 1, 1)
for block in bpy.data.images: block.use_fake_user = True
cube = bpy.data.objects.new("Cube", bpy.data.meshes.new("Cube"))
bpy.context.scene.collection.objects.link(cube)
driver = cube.driver_add("location", 0).driver
driver.type, driver.expression = "SCRIPTED", "frame * 2"
cube.modifiers.new("Cloth", "CLOTH")
""")
    assert stage.open("good/x.blend", "", on_warning="fail")["state"] == "succeeded"


def test_python_that_was_not_run_is_listed_and_trust_is_the_way(stage: Stage):
    stage.make("scripts/x.blend", """
cube = bpy.data.objects.new("Cube", bpy.data.meshes.new("Cube"))
bpy.context.scene.collection.objects.link(cube)
for axis, text in enumerate(("[4.0 for _ in range(1)][0]", "len('abc') + frame", "[5.0 for _ in range(2)][0]")):
    driver = cube.driver_add("location", axis).driver
    driver.type, driver.expression = "SCRIPTED", text
module = bpy.data.texts.new("rig_ui.py")
module.use_module = True
module.write("import bpy\\nbpy.app.driver_namespace['ran'] = True")
""")
    blocked = stage.open("scripts/x.blend", "offstage.result = 'ran' in bpy.app.driver_namespace")
    assert codes(blocked) == ["SCRIPTS_BLOCKED"] * 3 and blocked["value_json"] == "false"
    assert {one["metadata"].get("expression", "") for one in blocked["warnings"]} == {"", "[4.0 for _ in range(1)][0]", "[5.0 for _ in range(2)][0]"}
    assert "rig_ui.py" in blocked["warnings"][0]["message"] and "--trust-blend-scripts" in blocked["warnings"][0]["metadata"]["hint"]
    trusted = stage.open("scripts/x.blend", "offstage.result = 'ran' in bpy.app.driver_namespace", trust=True)
    assert trusted["warnings"] == [] and trusted["value_json"] == "true"


def test_engines_and_nodes_of_an_add_on_that_is_not_here(stage: Stage):
    stage.make("addon/x.blend", """
class AddonNode(bpy.types.ShaderNode):
    bl_idname = bl_label = "AddonNode"
class AddonTree(bpy.types.NodeTree):
    bl_idname, bl_label, bl_icon = "AddonTree", "A", "NODETREE"
class AddonEngine(bpy.types.RenderEngine):
    bl_idname = bl_label = "ADDON_RENDER"
for each in (AddonNode, AddonTree, AddonEngine): bpy.utils.register_class(each)
material = bpy.data.materials.new("Gold")
material.use_nodes = material.use_fake_user = True
material.node_tree.nodes.new("AddonNode").name = "Glitter"
bpy.data.node_groups.new("Rig", "AddonTree").use_fake_user = True
bpy.context.scene.render.engine = "ADDON_RENDER"
""")
    outcome = stage.open("addon/x.blend", "")
    assert codes(outcome) == ["ENGINE_UNKNOWN", "NODE_UNKNOWN", "NODE_UNKNOWN"]
    assert outcome["warnings"][0]["metadata"]["engine"] == "ADDON_RENDER" and "Scene" in outcome["warnings"][0]["message"]
    assert {one["metadata"]["data_block"] for one in outcome["warnings"][1:]} == {"Gold", "Rig"}
    assert any("Glitter" in one["message"] for one in outcome["warnings"])


def test_colours_that_this_configuration_does_not_have(stage: Stage):
    path = Path(stage.make("colour/x.blend", ""))
    data = path.read_bytes()
    assert data.startswith(b"BLENDER") and (b"Filmic\0" in data or b"AgX\0" in data)
    path.write_bytes(data.replace(b"Filmic\0", b"Filmix\0").replace(b"AgX\0", b"AgY\0"))
    outcome = stage.open("colour/x.blend", "")
    assert codes(outcome) == ["COLORSPACE_FALLBACK"] and outcome["warnings"][0]["metadata"]["wanted"] in ("Filmix", "AgY")


CLOTH = """
bpy.ops.mesh.primitive_grid_add(x_subdivisions=3, y_subdivisions=3)
bpy.context.object.modifiers.new("Cloth", "CLOTH").point_cache.use_disk_cache = True
bpy.context.scene.frame_end = bpy.context.object.modifiers["Cloth"].point_cache.frame_end = 3
"""
BAKE = "bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)\nbpy.ops.ptcache.bake_all(bake=True)\nbpy.ops.wm.save_mainfile()"
CHECK = """
from offstage_worker import preflight
offstage.result = [one["code"] for one in preflight.check("", True, str, renders=True, split=True)]
"""


def test_a_baked_cache_that_is_gone_and_a_simulation_that_nobody_baked(stage: Stage):
    stage.make("sim/x.blend", CLOTH, BAKE)
    folder = Path(stage.path("sim/blendcache_x"))
    assert stage.open("sim/x.blend", "")["warnings"] == []
    shutil.rmtree(folder)
    [gone] = stage.open("sim/x.blend", "")["warnings"]
    assert gone["code"] == "CACHE_MISSING" and gone["metadata"]["path"] == str(folder) and gone["metadata"]["kind"] == "cloth"
    stage.make("sim/free.blend", CLOTH)
    assert stage.open("sim/free.blend", CHECK)["value_json"] == '["SIMULATION_UNBAKED","NO_CAMERA"]'
    assert stage.open("sim/free.blend", "")["warnings"] == [], "a script may bake it"


def test_a_data_block_that_its_library_has_no_more(stage: Stage):
    stage.make("linked/lib.blend", 'bpy.context.scene.collection.objects.link(bpy.data.objects.new("Shared", None))')
    stage.make("linked/x.blend", """
with bpy.data.libraries.load("//lib.blend", link=True, relative=True) as (of, into):
    into.objects = ["Shared"]
bpy.context.scene.collection.objects.link(into.objects[0])
""")
    stage.make("linked/lib.blend", 'bpy.context.scene.collection.objects.link(bpy.data.objects.new("Renamed", None))')
    outcome = stage.open("linked/x.blend", "offstage.result = hasattr(bpy.types.ID, 'is_missing')")
    knows = outcome["value_json"] == "true"
    assert codes(outcome) == (["DATA_BLOCK_MISSING"] if knows else []), "older ones have no way of telling"


def test_names_of_files_that_are_no_text(stage: Stage):
    stage.make("bytes/x.blend", """
import os
image = bpy.data.images.new("odd", 1, 1)
image.source, image.use_fake_user, image.filepath = "FILE", True, os.fsdecode(b"//odd\\xff.png")
""")
    [one] = stage.open("bytes/x.blend", "")["warnings"]
    assert one["code"] == "TEXTURE_MISSING" and "/odd" in one["message"]
