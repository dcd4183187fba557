# SPDX-License-Identifier: Apache-2.0
"""What a cold Blender does in background-processing's way: appends what was saved, changes it, saves it again."""

import os

import bpy

folder = os.environ["BENCH_FOLDER"]
with bpy.data.libraries.load(f"{folder}/there.blend") as (_, into):
    into.objects = ["Grid"]
into.objects[0].data.vertices[0].co.z = 1
bpy.data.libraries.write(f"{folder}/back.blend", {into.objects[0]})
