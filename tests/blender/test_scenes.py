# SPDX-License-Identifier: Apache-2.0
"""A scene finds what is beside it, also when it was handed over by value; and what it depends on is known to the last file."""
from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from stage import Stage
from wire_host import value

MAKE = """
import os
def image(path, source="FILE"):
    image = bpy.data.images.load(path) if source == "FILE" else bpy.data.images.new(os.path.basename(path), 1, 1)
    image.source, image.filepath, image.use_fake_user = source, path, True
    return image
material = bpy.data.materials.new("M")
material.use_nodes = material.use_fake_user = True
for path, source in (("//tex.png", "FILE"), ("//../up.png", "FILE"), ("//seq/f_0001.png", "SEQUENCE"), ("//udim/t.<UDIM>.png", "TILED")):
    node = material.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = image(path, source)
    if source == "SEQUENCE":
        node.image_user.frame_start, node.image_user.frame_duration = 1, 3
    if source == "TILED":
        node.image.tiles.new(1002)
bpy.data.images["tex.png"].copy().pack()
with bpy.data.libraries.load("//../libs/lib.blend", link=True, relative=True) as (of, into):
    into.objects = ["Shared"]
bpy.context.scene.collection.objects.link(into.objects[0])
"""
PICTURES = ["a/tex.png", "up.png", "a/seq/f_0001.png", "a/seq/f_0002.png", "a/seq/f_0003.png", "a/udim/t.1001.png", "a/udim/t.1002.png", "libs/wood.png"]
LIBRARY = """
thing = bpy.data.objects.new("Shared", bpy.data.meshes.new("Shared"))
material = bpy.data.materials.new("Wood")
material.use_nodes = True
material.node_tree.nodes.new("ShaderNodeTexImage").image = bpy.data.images.load("//wood.png")
thing.data.materials.append(material)
bpy.context.scene.collection.objects.link(thing)
"""
LOOK = "import offstage_worker.scene as scene\noffstage.result = [scene.dependencies(), scene.source_blend_file(), bpy.data.filepath]"
CLOTH = """
bpy.ops.mesh.primitive_grid_add(x_subdivisions=4, y_subdivisions=4)
grid = bpy.context.object
grid.modifiers.new("Cloth", "CLOTH").point_cache.use_disk_cache = True
grid.modifiers["Cloth"].point_cache.frame_end = bpy.context.scene.frame_end = 8
bpy.context.scene.gravity[2] = GRAVITY
"""
FALL = """
import os
bpy.context.scene.frame_set(8)
grid = bpy.data.objects["Grid"].evaluated_get(bpy.context.evaluated_depsgraph_get())
offstage.result = [round(grid.data.vertices[0].co.z, 4), grid.modifiers["Cloth"].point_cache.is_baked]
"""


@pytest.fixture(scope="module")
def proj(stage: Stage) -> Stage:
    for name in PICTURES:
        stage.picture("proj/" + name)
    stage.make("proj/libs/lib.blend", LIBRARY)
    stage.make("proj/a/x.blend", MAKE)
    return stage


def test_all_that_a_scene_loads_is_a_dependency_of_it(proj: Stage):
    found, source, _ = value(proj.open("proj/a/x.blend", LOOK))
    here = {path: stamp for path, stamp in found.items() if path.startswith(str(proj.folder))}
    assert set(here) == {proj.path("proj/" + name) for name in [*PICTURES, "libs/lib.blend"]} and source == proj.path("proj/a/x.blend")
    for path, stamp in here.items():
        status = os.stat(path)
        assert stamp == [status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev]


@pytest.mark.parametrize("original", ["proj/a/x.blend", "proj/a/never saved.blend"])
def test_a_scene_by_value_finds_all_that_lay_beside_it(proj: Stage, original: str):
    shutil.copy(proj.path("proj/a/x.blend"), proj.path("handed/over"))
    outcome = proj.open("handed/over", LOOK, original_path=proj.path(original))
    found, source, opened = value(outcome)
    assert outcome["warnings"] == []
    assert {proj.path("proj/" + name) for name in [*PICTURES, "libs/lib.blend"]} == {path for path in found if path.startswith(str(proj.folder))}
    assert None not in found.values() and source == proj.path(original) and opened.endswith(source) and opened != source


def test_pictures_are_really_read_through_the_farm(proj: Stage):
    """W19: paths relative to the scene."""
    shutil.copy(proj.path("proj/a/x.blend"), proj.path("handed/over"))
    script = """
offstage.result = {image.name: list(image.pixels[:3]) for image in bpy.data.images if image.source == "FILE" and image.size[0]}
"""
    seen = value(proj.open("handed/over", script, original_path=proj.path("proj/a/x.blend")))
    assert {"tex.png", "up.png", "wood.png"} <= set(seen) and all(pixel == [1.0, 0.0, 0.0] for pixel in seen.values())


def test_a_scene_that_was_never_saved_opens_and_has_no_source(proj: Stage):
    """W21; a dirty one is the case of a_scene_by_value: the file at its place is not what was handed over."""
    shutil.copy(proj.path("proj/a/x.blend"), proj.path("handed/over"))
    found, source, opened = value(proj.open("handed/over", LOOK, original_path=""))
    assert source == "" and opened.endswith("/untitled.blend")
    assert found["/tex.png"] is None


def test_two_scenes_of_one_name_never_meet(stage: Stage):
    """W11: baked cloth of a/x.blend and b/x.blend, both handed over by value, each with the cache beside its original."""
    falls = {}
    for folder, gravity in (("a", "-9.8"), ("b", "-2.0")):
        bake = f"""
bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
bpy.ops.ptcache.bake_all(bake=True)
bpy.ops.wm.save_mainfile()
{FALL}
print("FALL", offstage.result)
offstage.result = None
"""
        stage.make(f"w11/{folder}/x.blend", CLOTH.replace("GRAVITY", gravity), bake)
        assert list((Path(stage.path(f"w11/{folder}/x.blend")).parent / "blendcache_x").iterdir())
        falls[folder] = value(stage.open(f"w11/{folder}/x.blend", FALL))
    assert falls["a"][1] and falls["b"][1] and falls["a"][0] < falls["b"][0] < 0
    for folder in ("a", "b"):
        shutil.copy(stage.path(f"w11/{folder}/x.blend"), stage.path("w11/handed over"))
        assert value(stage.open("w11/handed over", FALL, original_path=stage.path(f"w11/{folder}/x.blend"))) == falls[folder]
    nowhere = value(stage.open("w11/handed over", FALL, original_path=stage.path("w11/c/x.blend")))
    assert nowhere[0] != falls["b"][0], "without its cache it has not fallen: the test can tell"


def test_a_fluid_s_cache_is_a_dependency_and_found(stage: Stage):
    make = """
bpy.ops.mesh.primitive_cube_add()
domain = bpy.context.object.modifiers.new("Fluid", "FLUID")
domain.fluid_type = "DOMAIN"
domain.domain_settings.cache_directory = "//cache_fluid_1"
"""
    stage.make("fluid/x.blend", make)
    data = Path(stage.path("fluid/cache_fluid_1/data/fluid_data_0001.vdb"))
    data.write_text("")
    for original in ({}, {"original_path": stage.path("fluid/x.blend")}):
        found, _, _ = value(stage.open("fluid/x.blend", LOOK, **original))
        assert str(data) in found and str(data.parent) in found


def test_a_dependency_that_changes_is_noticed(proj: Stage):
    shutil.copytree(proj.path("proj"), proj.path("changing"), dirs_exist_ok=True)
    script = """
import os, offstage_worker.scene as scene
before = scene.dependencies()
seen = [scene.changed(before)]
for name in NAMES:
    with open(name, "ab") as file: file.write(b" ")
    seen.append(scene.changed(before))
    before[name] = scene.dependencies()[name]
os.unlink(NAMES[0])
offstage.result = seen + [scene.changed(before)]
"""
    names = [proj.path("changing/" + name) for name in ("a/tex.png", "libs/wood.png", "libs/lib.blend", "a/udim/t.1002.png", "a/seq/f_0003.png")]
    assert value(proj.open("changing/a/x.blend", script.replace("NAMES", json.dumps(names)))) == [None, *names, names[0]]
