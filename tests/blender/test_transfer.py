# SPDX-License-Identifier: Apache-2.0
"""The host's side: client/python/offstage_transfer in a session with blocks of its own. The job is played in the same session, where all names collide."""
from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from wire_host import Keeper, value  # noqa: E402

# A host with an object that shares its mesh, its material and its name with others; `job(change)` plays a job that changes what it is passed.
HOST = f"""
import sys, tempfile
sys.path.insert(0, {str(ROOT / "client" / "python")!r})
""" + """
import bpy
import offstage_transfer as transfer
from offstage_transfer import blocks

for thing in list(bpy.data.objects): bpy.data.objects.remove(thing)
mesh, material = bpy.data.meshes.new("Thing"), bpy.data.materials.new("Thing")
mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
mesh.materials.append(material)
thing, other = bpy.data.objects.new("Thing", mesh), bpy.data.objects.new("Other", None)
bpy.context.collection.objects.link(thing)
other.parent = thing

def job(change, *given):
    parcel, out = transfer.Parcel(None, given), tempfile.mkdtemp()
    known = blocks.Known()
    passed = [block.id for block in blocks.read(parcel.folder, 0, known) if not block.along]
    for part, named in enumerate(change(*passed)):
        blocks.write(out, part, named, known)
    for block in [*passed, *(block for block in list(known._uuids) if blocks.alive(block))]:    # the job's Blender ends
        if blocks.alive(block) and block.library is None and blocks.collection_of(block) != "shape_keys":
            getattr(bpy.data, blocks.collection_of(block)).remove(block)
    return out, parcel.known

def names(collection): return sorted(block.name for block in collection)
"""


@pytest.fixture
def host(keeper: Keeper) -> Callable[..., object]:
    return lambda script, **parameters: value(keeper.host.run(keeper, HOST + script, parameters_json=json.dumps(parameters)))


def test_what_comes_back_is_added_and_nothing_of_the_hosts_is_touched(host) -> None:
    assert host("""
def change(thing):
    thing["mark"] = 1
    return [[thing]]
folder, known = job(change, thing)
[new] = transfer.load(folder, known, collection=bpy.context.collection)
python_data = [new.name, new["mark"], new.data.name, thing.name, thing.get("mark"), new.users_collection == (bpy.context.collection,), other.parent == thing]
""") == ["Thing.001", 1, "Thing.001", "Thing", None, True, True]


def test_a_block_is_replaced_by_what_came_back_of_it(host) -> None:
    assert host("""
def change(thing):
    thing.name = "Quite another name"
    thing.data.vertices[0].co.z = 5
    return [[thing]]
folder, known = job(change, thing)
[new] = transfer.load(folder, known, replace=True)
gone = not blocks.alive(thing) and not blocks.alive(mesh)
python_data = [gone, new.name, new.data.name, new.data.vertices[0].co.z, other.parent == new, new.users_collection == (bpy.context.collection,),
               names(bpy.data.objects), names(bpy.data.meshes)]
""") == [True, "Thing", "Thing", 5, True, True, ["Other", "Thing"], ["Cube", "Thing"]]


def test_w17_no_unrelated_block_of_the_same_name_is_replaced(host) -> None:
    assert host("""
def change(thing):
    new = bpy.data.objects.new("Other", bpy.data.meshes.new("Cube"))
    new.data.materials.append(bpy.data.materials.new("Thing"))
    new.data.materials[0]["mark"] = "the job's"
    return [[new]]
cube = bpy.data.meshes["Cube"]
folder, known = job(change, thing)
[new] = transfer.load(folder, known, replace=True)
python_data = [new == other, other.name, cube.name, material.name, material.get("mark"), new.data == cube, new.data.materials[0]["mark"], blocks.alive(thing)]
""") == [False, "Other", "Cube", "Thing", None, False, "the job's", True]


def test_w17_returned_objects_are_linked_where_they_are_wanted(host) -> None:
    assert host("""
def change(thing):
    return [[bpy.data.objects.new("New", None), bpy.data.collections.new("Newer")]]
wanted = bpy.data.collections.new("Wanted")
folder, known = job(change, thing)
transfer.load(folder, known, collection=wanted)
python_data = [names(wanted.objects), names(wanted.children)]
""") == [["New"], ["Newer"]]


def test_another_mesh_takes_the_place_of_the_old_one(host) -> None:
    assert host("""
def change(thing):
    thing.data = bpy.data.meshes.new("Another")
    return [[thing]]
folder, known = job(change, thing)
[new] = transfer.load(folder, known, replace=True)
python_data = [new.data.name, len(new.data.vertices), names(bpy.data.meshes)]
""") == ["Thing", 0, ["Cube", "Thing"]]


def test_what_a_replaced_block_shares_with_others_stays_theirs(host) -> None:
    assert host("""
twin = bpy.data.objects.new("Twin", mesh)
def change(thing):
    thing.data.vertices[0].co.z = 5
    thing.data.materials[0]["mark"] = "the job's"
    return [[thing]]
folder, known = job(change, thing)
[new] = transfer.load(folder, known, replace=True)
python_data = [twin.data == mesh, mesh.name, mesh.vertices[0].co.z, new.data.vertices[0].co.z, new.data.materials[0] == material, material.get("mark"),
               names(bpy.data.materials)]
""") == [True, "Thing", 0, 5, True, None, ["Dots Stroke", "Material", "Thing"]]


def test_a_material_that_the_script_names_is_replaced_too(host) -> None:
    assert host("""
twin = bpy.data.objects.new("Twin", mesh)
def change(thing):
    thing.data.materials[0]["mark"] = "the job's"
    return [[thing.data.materials[0]]]
folder, known = job(change, thing)
transfer.load(folder, known, replace=True)
python_data = [mesh.materials[0]["mark"], mesh.materials[0].name, blocks.alive(material), thing.data == mesh]
""") == ["the job's", "Thing", False, True]


def test_shape_keys_and_actions_go_with_their_object(host) -> None:
    assert host("""
thing.shape_key_add(name="Basis")
thing.animation_data_create().action = bpy.data.actions.new("Move")
def change(thing):
    thing.shape_key_add(name="Bent")
    thing.animation_data.action["mark"] = 1
    return [[thing]]
folder, known = job(change, thing)
[new] = transfer.load(folder, known, replace=True)
python_data = [[key.name for key in new.data.shape_keys.key_blocks], new.animation_data.action["mark"], names(bpy.data.actions), len(bpy.data.shape_keys)]
""") == [["Basis", "Bent"], 1, ["Move"], 1]


def test_a_collection_is_replaced_with_its_objects(host) -> None:
    assert host("""
group, inner = bpy.data.collections.new("Group"), bpy.data.collections.new("Inner")
bpy.context.collection.children.link(group)
group.children.link(inner)
inner.objects.link(thing)
def change(group):
    group.children[0].objects[0].location.x = 3
    return [[group]]
folder, known = job(change, group)
[new] = transfer.load(folder, known, replace=True)
python_data = [new.name, names(bpy.context.collection.children), new.children[0].name, names(new.children[0].objects), new.children[0].objects[0].location.x,
               names(bpy.context.collection.objects), bpy.context.collection.objects[0] == new.children[0].objects[0], names(bpy.data.collections)]
""") == ["Group", ["Group"], "Inner", ["Thing"], 3, ["Thing"], True, ["Collection", "Group", "Inner"]]


def test_a_later_part_replaces_an_earlier_one(host) -> None:
    assert host("""
def change(thing):
    yield [thing]
    thing["mark"] = "later"
    yield [thing]
folder, known = job(change, thing)
loaded = transfer.load(folder, known, replace=True)
python_data = [len(loaded), loaded[0].name, loaded[0]["mark"], names(bpy.data.objects)]
""") == [1, "Thing", "later", ["Other", "Thing"]]


def test_a_block_that_the_host_has_renamed_meanwhile_is_still_known_and_one_that_is_gone_is_added(host) -> None:
    assert host("""
def change(thing, second): return [[thing, second]]
second = bpy.data.objects.new("Second", None)
folder, known = job(change, thing, second)
thing.name = "Renamed"
bpy.data.objects.remove(second)
first, second = transfer.load(folder, known, replace=True)
python_data = [first.name, second.name, names(bpy.data.objects)]
""") == ["Renamed", "Second.001", ["Other", "Renamed", "Second.001"]]   # as the job called it, who had both
