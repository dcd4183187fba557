# SPDX-License-Identifier: Apache-2.0
"""A host Blender: sends an object with 200,000 vertices to be changed, and takes it back; by Offstage, and by cold Blenders."""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import bpy

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[2] / "client" / "python"))
import offstage_transfer as transfer  # noqa: E402

folder = os.environ["BENCH_FOLDER"]
mesh = bpy.data.meshes.new("Grid")
side = 448
faces = [(i, i + 1, i + side + 1, i + side) for i in range(side * (side - 1)) if i % side != side - 1] if os.environ["BENCH_FACES"] else []
mesh.from_pydata([(i % side, i // side, 0) for i in range(side * side)], [], faces)
thing = bpy.data.objects.new("Grid", mesh)


def by_offstage() -> None:
    [back] = transfer.run(str(HERE / "mesh_job.py"), data_blocks=[thing]).load()
    check(back)


def by_cold_blender() -> None:
    bpy.data.libraries.write(f"{folder}/there.blend", {thing})
    subprocess.run(json.loads(os.environ["BENCH_COLD"]), check=True, capture_output=True)
    with bpy.data.libraries.load(f"{folder}/back.blend") as (_, into):
        into.objects = ["Grid"]
    check(into.objects[0])


def check(back: bpy.types.Object) -> None:
    assert len(back.data.vertices) == side * side and back.data.vertices[0].co.z == 1, "the mesh did not come back"
    bpy.data.meshes.remove(back.data)


times: dict[str, list[float]] = {"ours_s": [], "cold_s": []}
by_offstage()
for _ in range(int(os.environ["BENCH_TIMES"])):
    for name, way in (("ours_s", by_offstage), ("cold_s", by_cold_blender)):
        begun = time.perf_counter()
        way()
        times[name].append(time.perf_counter() - begun)
print(json.dumps({name: statistics.median(seen) for name, seen in times.items()}), flush=True)
