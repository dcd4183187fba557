# SPDX-License-Identifier: Apache-2.0
"""Decimates a mesh in the background: an object goes in, an object with fewer faces comes out. This one file is both sides.

In a Blender with objects of your own (here a new one), which go on being yours while the job runs:

    blender -b shot.blend --python client/examples/decimate_mesh.py -- Suzanne 0.1

It sends the object, runs itself as a job through the `offstage` command, and puts what came back into its place. Without a Blender of your own, where
LIB.blend and LIB.json are what offstage_transfer.Parcel, or an earlier job, has made:

    offstage run client/examples/decimate_mesh.py --data-blocks LIB.blend --param ratio=0.1
"""

import sys
from pathlib import Path

import bpy


def decimate(thing: bpy.types.Object, ratio: float) -> dict[str, int]:
    """Gives the object a mesh of its own with about `ratio` of the faces."""
    before = len(thing.data.polygons)
    thing.modifiers.new("Decimate", "DECIMATE").ratio = ratio
    bpy.context.collection.objects.link(thing)           # a modifier is evaluated on what is in a scene
    evaluated = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
    thing.data = bpy.data.meshes.new_from_object(evaluated)
    thing.modifiers.clear()
    return {"faces_before": before, "faces_after": len(thing.data.polygons)}


def in_the_job() -> None:
    import offstage
    offstage.result = {}
    for index, thing in enumerate(passed_data_blocks):   # noqa: F821  these names are given to every job's script
        offstage.progress(index / len(passed_data_blocks), f"decimating {thing.name}")  # noqa: F821
        offstage.result[thing.name] = decimate(thing, offstage.params.get("ratio", 0.5))
    data_blocks.extend(passed_data_blocks)               # noqa: F821


def in_your_blender(name: str = "", ratio: str = "0.1") -> None:
    sys.path.append(str(Path(__file__).parents[1] / "python"))   # installed: share/offstage/python
    import offstage_transfer as transfer
    if not name:
        bpy.ops.mesh.primitive_monkey_add()
        name = bpy.context.object.name
    answer = transfer.run(__file__, {"ratio": float(ratio)}, [bpy.data.objects[name]])
    [thing] = answer.load(replace=True)
    print(answer.result)
    print(f"{thing.name} has {len(thing.data.polygons)} faces now and is in {[collection.name for collection in thing.users_collection]}")


if "passed_data_blocks" in globals():
    in_the_job()
else:
    in_your_blender(*(sys.argv[sys.argv.index("--") + 1:] if "--" in sys.argv else []))
