# SPDX-License-Identifier: Apache-2.0
"""Data-blocks out of one Blender and into the next, by the worker's own code: what one job gives back goes into another, whatever its names."""
from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from wire_host import Keeper, value

Run = Callable[..., tuple[object, Path]]


@pytest.fixture
def run(keeper: Keeper) -> Run:
    """Runs a script with the parts that lie in a folder; its result, and the folder with those that came out."""

    def run(script: str, given: Path | None = None, **parameters) -> tuple[object, Path]:
        inputs = {"folder": str(given), "files": []} if given else None
        worker = keeper.fork().start(script, parameters_json=json.dumps(parameters), **({"inputs": inputs} if inputs else {}))
        return value(worker.outcome()), worker.folder / "out"

    return run


def manifest(folder: Path, part: int = 0) -> list[dict]:
    return json.loads((folder / ".blocks" / f"{part}.json").read_text())


LOOK = """
python_data = [[type(b).__name__, b.name, b.library.filepath if b.library else None, b.get("mark"), b.users, b.use_fake_user] for b in passed_data_blocks]
"""


def test_each_kind_of_block_goes_out_and_in(run: Run) -> None:
    make = """
import bpy
made, skipped = [], []
for name in ("meshes", "objects", "materials", "cameras", "lights", "curves", "images", "node_groups", "texts", "worlds", "actions", "armatures", "collections",
             "fonts", "grease_pencils", "lattices", "linestyles", "masks", "metaballs", "palettes", "particles", "scenes", "speakers", "textures", "volumes",
             "lightprobes", "brushes", "hair_curves", "pointclouds"):
    if name == "grease_pencils" and hasattr(bpy.data, "grease_pencils_v3"):
        name = "grease_pencils_v3"     # 4.5 makes these of the older ones as it appends them
    new = getattr(getattr(bpy.data, name), "new", None)
    more = {"objects": (None,), "lights": ("POINT",), "curves": ("CURVE",), "images": (8, 8), "node_groups": ("ShaderNodeTree",), "textures": ("CLOUDS",),
            "lightprobes": ("PLANAR" if bpy.app.version < (4, 1) else "PLANE",)}
    try:
        made.append(new("Thing", *more.get(name, ())))
    except (AttributeError, TypeError, RuntimeError):
        skipped.append(name)
mesh = bpy.data.meshes.new("Keyed")
mesh.from_pydata([(0, 0, 0)], [], [])
bpy.data.objects.new("Keyed", mesh).shape_key_add(name="k")
data_blocks = [*made, mesh.shape_keys]
python_data = [[type(b).__name__, b.name] for b in data_blocks], skipped
"""
    (made, skipped), out = run(make)
    assert len(made) >= 25 and set(skipped) <= {"fonts", "lightprobes", "pointclouds"}
    got, _ = run(LOOK, out)
    assert [kind for kind, *_ in got] == [kind for kind, _ in made]
    assert [(entry["name"], entry["library"]) for entry in manifest(out) if not entry.get("along")] == [(name, None) for _, name in made]


def test_w13_the_very_blocks_are_passed_whatever_names_collide(run: Run) -> None:
    _, out = run("import bpy\ncube = bpy.data.objects['Cube']\ncube['mark'] = 'mine'\ncube.data['mark'] = 'mine'\ndata_blocks = {cube}")
    look = """
import bpy
[cube] = passed_data_blocks
python_data = [cube.name, cube["mark"], cube.data["mark"], bpy.data.objects["Cube"].get("mark"), cube in set(bpy.data.objects)]
"""
    assert run(look, out)[0] == ["Cube.001", "mine", "mine", None, True]


def test_w6_a_run_that_is_passed_nothing_has_nothing(run: Run) -> None:
    _, out = run("import bpy\ndata_blocks = [bpy.data.objects['Cube']]")
    assert len(run(LOOK, out)[0]) == 1
    assert run(LOOK)[0] == []
    assert run("import bpy\npython_data = [o.name for o in bpy.data.objects]")[0] == ["Camera", "Cube", "Light"]


def test_what_came_in_goes_out_under_the_same_uuid_and_what_is_new_under_another(run: Run) -> None:
    _, first = run("import bpy\ndata_blocks = [bpy.data.objects['Cube'], bpy.data.objects['Light']]")
    change = """
import bpy
cube, light = passed_data_blocks
bpy.data.objects.remove(light)
cube.name = "Other"
data_blocks = [bpy.data.objects.new("Light", None), cube, cube.copy()]
"""
    _, second = run(change, first)
    sent = {(entry["collection"], entry["name"]): entry["uuid"] for entry in manifest(first)}
    new, cube, copy = (entry["uuid"] for entry in manifest(second)[:3])
    assert cube == sent["objects", "Cube"] and not {new, copy} & set(sent.values())
    mesh = next(entry for entry in manifest(second) if entry["collection"] == "meshes")
    assert mesh["uuid"] == sent["meshes", "Cube"] and mesh["along"]


def test_linked_blocks_stay_linked_and_equal_names_are_told_apart(run: Run, tmp_path: Path) -> None:
    libraries = []
    for mark in ("a", "b"):
        (tmp_path / mark).mkdir()
        libraries.append(str(tmp_path / mark / "lib.blend"))
        run("import bpy\no = bpy.data.objects.new('Thing', bpy.data.meshes.new('Thing'))\no['mark'] = mark\n"
            "bpy.data.libraries.write(path, {o}, fake_user=True)", mark=mark, path=libraries[-1])
    make = """
import bpy
def link(path):
    with bpy.data.libraries.load(path, link=True) as (_, into): into.objects = ["Thing"]
    return into.objects[0]
a, b = map(link, libraries)
own = bpy.data.objects.new("Thing", None)
own["mark"] = "own"
user = bpy.data.objects.new("User", a.data)
over = b.override_create()
over.location.x = 7
own.asset_mark()
own.asset_data.description = "described"
data_blocks = [a, own, bpy.data.meshes.new("Thing"), b, user, over]
"""
    _, out = run(make, libraries=libraries)
    look = """
import bpy
a, own, mesh, b, user, over = passed_data_blocks
python_data = [[x.library and x.library.filepath for x in passed_data_blocks], [x.get("mark") for x in passed_data_blocks], user.data == a.data,
               over.override_library.reference == b, over.location.x, own.asset_data.description, [l.filepath for l in bpy.data.libraries]]
"""
    places, marks, linked_data, reference, x, description, loaded = run(look, out)[0]
    assert places == [libraries[0], None, None, libraries[1], None, None] and marks == ["a", "own", None, "b", None, "b"]
    assert linked_data and reference and x == 7 and description == "described" and sorted(loaded) == libraries


def test_painted_and_generated_images_keep_their_pixels_and_nobody_notices(run: Run, tmp_path: Path) -> None:
    make = """
import bpy, numpy, offstage
def pixels(image):
    out = numpy.empty(len(image.pixels), numpy.float32)
    image.pixels.foreach_get(out)
    return out
def state(image): return [image.source, image.is_dirty, image.filepath_raw, image.file_format, bool(image.packed_file)]
random = numpy.random.default_rng(1)
images = [bpy.data.images.new("painted", 8, 8, alpha=True), bpy.data.images.new("float", 8, 8, float_buffer=True)]
saved = bpy.data.images.new("saved", 8, 8, alpha=True)
saved.filepath_raw, saved.file_format = path, "PNG"
saved.save()
images += [bpy.data.images.load(path), bpy.data.images.load(path)]
images[3].pack()
for image in images:
    drawn = random.random(256, dtype=numpy.float32)
    drawn[3::4] = 1
    pixels(image)
    image.pixels.foreach_set(drawn)
images += [bpy.data.images.new("clean", 8, 8)]
material = bpy.data.materials.new("Uses them")
material.use_nodes = True
for image in images:
    material.node_tree.nodes.new("ShaderNodeTexImage").image = image
before = [[state(image), pixels(image).tolist()] for image in images]
offstage.send([material])
python_data = [before, [[state(image), pixels(image).tolist()] for image in images]]
"""
    (before, after), out = run(make, path=str(tmp_path / "saved.png"))
    assert before == after and [state[1] for state, _ in before] == [True, True, True, True, False]
    look = """
images = [node.image for node in passed_data_blocks[0].node_tree.nodes if node.type == "TEX_IMAGE"]
python_data = [list(image.pixels) for image in images], [bool(image.packed_file) for image in images]
"""
    pixels, packed = run(look, out)[0]
    assert pixels == [pixels for _, pixels in before] and packed == [True] * 4 + [False]


def test_w19_images_of_a_scene_are_found_after_the_journey(run: Run, keeper: Keeper, tmp_path: Path) -> None:
    (tmp_path / "textures").mkdir()
    make = """
import bpy
image = bpy.data.images.new("x", 4, 4)
image.filepath_raw, image.file_format = folder + "/textures/x.png", "PNG"
image.save()
bpy.ops.wm.save_as_mainfile(filepath=folder + "/scene.blend")
image = bpy.data.images.load(folder + "/textures/x.png")
image.name, image.filepath = "relative", "//textures/x.png"
image.use_fake_user = True
bpy.ops.wm.save_mainfile()
"""
    run(make, folder=str(tmp_path))
    worker = keeper.fork().start("import bpy\nimage = bpy.data.images['relative']\nassert image.filepath == '//textures/x.png'\ndata_blocks = [image]",
                                 scene={"path": str(tmp_path / "scene.blend"), "trust": False})
    value(worker.outcome())
    look = "import bpy\nimage = passed_data_blocks[0]\npython_data = [image.filepath, len(image.pixels)]"
    assert run(look, worker.folder / "out")[0] == [str(tmp_path / "textures" / "x.png"), 64]


def test_w19_files_of_a_scene_that_was_handed_over_are_named_where_they_really_are(run: Run, keeper: Keeper, tmp_path: Path) -> None:
    make = """
import bpy
image = bpy.data.images.new("x", 4, 4)
image.filepath_raw, image.file_format = folder + "/x.png", "PNG"
image.save()
bpy.data.libraries.write(folder + "/lib.blend", {bpy.data.objects["Cube"]}, fake_user=True)
bpy.ops.wm.save_as_mainfile(filepath=folder + "/scene.blend")
with bpy.data.libraries.load(folder + "/lib.blend", link=True, relative=True) as (_, into): into.objects = ["Cube"]
bpy.context.collection.objects.link(into.objects[0])
bpy.data.objects.new("Uses linked data", into.objects[0].data).use_fake_user = True
image = bpy.data.images.load(folder + "/x.png")
image.name, image.filepath, image.use_fake_user = "relative", "//x.png", True
bpy.ops.wm.save_mainfile()
"""
    run(make, folder=str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "scene.blend").rename(tmp_path / "elsewhere" / "handed over.blend")
    script = """
import bpy
linked = next(o for o in bpy.data.objects if o.library)
data_blocks = [bpy.data.images["relative"], linked, bpy.data.objects["Uses linked data"]]
before = [library.filepath for library in bpy.data.libraries]
import offstage
offstage.send(data_blocks)
python_data = before == [library.filepath for library in bpy.data.libraries]
data_blocks = []
"""
    scene = {"path": str(tmp_path / "elsewhere" / "handed over.blend"), "original_path": str(tmp_path / "scene.blend"), "trust": False}
    worker = keeper.fork().start(script, scene=scene)
    assert value(worker.outcome())
    look = """
image, linked, user = passed_data_blocks
python_data = [image.filepath, len(image.pixels), linked.library.filepath, len(linked.data.vertices), user.data == linked.data]
"""
    assert run(look, worker.folder / "out")[0] == [str(tmp_path / "x.png"), 64, str(tmp_path / "lib.blend"), 8, True]


def test_a_part_sent_early_is_whole_and_listed_while_the_script_goes_on(keeper: Keeper) -> None:
    worker = keeper.fork().start("""
import bpy, offstage, time
offstage.send({bpy.data.objects["Cube"]})
bpy.data.objects["Cube"].name = "Later"
while not offstage.cancelled(): time.sleep(0.01)
data_blocks = [bpy.data.objects["Later"]]
""")
    listing = worker.folder / "files"
    keeper.host.until(lambda: listing.exists() and listing.read_bytes().count(b"\n") == 2, 60, "the first part")
    out = worker.folder / "out"
    assert manifest(out)[0]["name"] == "Cube" and not (out / ".blocks" / "1.json").exists()
    worker.cancel()
    worker.outcome()


@pytest.mark.parametrize(("given", "complaint"), [
    ("[bpy.data.objects['Cube'], 3]", "data_blocks[1]: object of type int is no data-block"), ("5", "data_blocks: int is neither a list nor a set"),
    ("[bpy.data.worlds['World'].node_tree]", "data_blocks[0]: ShaderNodeTree 'Shader Nodetree' is part of another data-block"),
    ("[bpy.data.window_managers[0]]", "data_blocks[0]: WindowManager 'WinMan' cannot travel"), ("[gone]", "data_blocks[0]: the data-block has been removed"),
    ("[cube.evaluated_get(bpy.context.evaluated_depsgraph_get())]", "data_blocks[0]: Object 'Cube' is an evaluated copy")])
def test_what_cannot_travel_is_refused_with_its_place(keeper: Keeper, given: str, complaint: str) -> None:
    script = f"import bpy\ncube, gone = bpy.data.objects['Cube'], bpy.data.meshes.new('x')\nbpy.data.meshes.remove(gone)\ndata_blocks = {given}"
    outcome = keeper.fork().start(script).outcome()
    assert (outcome["state"], outcome["reason"]) == ("failed", "RESULT_INVALID") and outcome["message"].startswith(complaint)


def test_a_part_that_cannot_be_loaded_fails_the_job_before_it_runs_and_says_why(keeper: Keeper, run: Run) -> None:
    _, out = run("import bpy\ndata_blocks = [bpy.data.objects['Cube']]")
    (out / ".blocks" / "0.blend").unlink()
    outcome = keeper.fork().start("print('ran')", inputs={"folder": str(out), "files": []}).outcome()
    assert (outcome["state"], outcome["reason"]) == ("failed", "SCENE_UNREADABLE") and "0.blend" in outcome["message"]
