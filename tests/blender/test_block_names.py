# SPDX-License-Identifier: Apache-2.0
"""Whatever data-blocks are called, each arrives as itself: property tests, some dozen cases in each process of a real Blender."""
from __future__ import annotations

import json
import sys
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from wire_host import Keeper, value

ODD = ["Cube", "Cube.001", "Cube.999", ".hidden", "..", "a/b", "//x", "\\", "it's", '"', "%s", "x" * 63, "x" * 60 + ".001",
       "é" * 31, "é" * 32, "日本語", "𝄞" * 16, " ", "a\nb", "a\tb", "."]
NAMES = st.sampled_from(ODD) | st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), min_size=1, max_size=70)
BLOCKS = st.tuples(st.sampled_from(["objects", "meshes", "materials", "collections", "texts", "images", "actions"]), NAMES, st.sampled_from([0, 0, 0, 1, 2]))
CASES = st.lists(st.lists(BLOCKS, min_size=1, max_size=8), min_size=12, max_size=20)

# Each case: blocks are made, those of libraries linked; all travel while the first ones are still here; each must be the one that was marked so, under the
# same uuid.
SCRIPT = """
import bpy, os, tempfile
from offstage_worker import blocks
folder = tempfile.mkdtemp()
more = {"objects": (None,), "images": (2, 2)}

def make(collection, name, mark):
    block = getattr(bpy.data, collection).new(name, *more.get(collection, ()))
    block["mark"] = mark
    return block

def library(path, wanted):
    made = [(collection, make(collection, name, mark)) for collection, name, mark in wanted]
    where = [(collection, block.name, block["mark"]) for collection, block in made]
    bpy.data.libraries.write(path, {block for _, block in made}, fake_user=True)
    for collection, block in made: getattr(bpy.data, collection).remove(block)
    with bpy.data.libraries.load(path, link=True) as (_, into):
        for collection in {collection for collection, _, _ in where}:
            setattr(into, collection, [name for its, name, _ in where if its == collection])
    found = {}
    for collection in {collection for collection, _, _ in where}:
        for block in getattr(into, collection): found[block["mark"]] = block
    return found

wrong = []
for number, case in enumerate(cases):
    given = {}
    for lib in (1, 2):
        if wanted := [(collection, name, mark) for mark, (collection, name, of) in enumerate(case) if of == lib]:
            given |= library(f"{folder}/{number}-{lib}.blend", wanted)
    for mark, (collection, name, of) in enumerate(case):
        if of == 0: given[mark] = make(collection, name, mark)
    order = [given[mark] for mark in range(len(case))]
    here = blocks.Known()
    blocks.write(folder, number, order, here)
    there = blocks.Known()
    got = [block for block in blocks.read(folder, number, there) if not block.along]
    for before, after in zip(order, got, strict=True):
        if not (after.id["mark"] == before["mark"] and type(after.id) is type(before) and here.uuid(before) == there.uuid(after.id) == after.uuid
                and (after.id == before) == (before.library is not None)):
            wrong.append([number, before.name_full, after.id.name_full])
    names = [entry["name"] for entry in __import__("json").load(open(f"{folder}/.blocks/{number}.json")) if not entry.get("along")]
    if names != [block.name for block in order]: wrong.append([number, names])
    if stray := [lib.filepath for lib in bpy.data.libraries if "/.blocks/" in lib.filepath]: wrong.append([number, stray])
    for block in {*order, *(block.id for block in got)}: getattr(bpy.data, blocks.collection_of(block)).remove(block)
    for lib in list(bpy.data.libraries): bpy.data.libraries.remove(lib)
python_data = wrong
"""


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(CASES)
def test_a_block_arrives_as_itself_whatever_it_is_called(keeper: Keeper, cases: list) -> None:
    assert value(keeper.host.run(keeper, SCRIPT, parameters_json=json.dumps({"cases": cases}))) == []


def test_names_of_another_session_come_through_unchanged(keeper: Keeper) -> None:
    make = "import bpy\nfor name in odd: data_blocks.append(bpy.data.texts.new(name))\npython_data = [t.name for t in data_blocks]"
    worker = keeper.fork().start(make, parameters_json=json.dumps({"odd": ODD}))
    names = value(worker.outcome())
    assert len(set(names)) == len(ODD)
    look = "python_data = [t.name for t in passed_data_blocks]"
    assert value(keeper.host.run(keeper, look, inputs={"folder": str(worker.folder / "out"), "files": []})) == names
