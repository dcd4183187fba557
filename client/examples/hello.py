# SPDX-License-Identifier: Apache-2.0
"""Builds a few cubes, tells how far it is, and gives back what it made.

offstage run client/examples/hello.py --param count=5
"""

import bpy
import offstage

count = offstage.params.get("count", 3)

for i in range(count):
    bpy.ops.mesh.primitive_cube_add(location=(3 * i, 0, 0))
    offstage.progress((i + 1) / count, f"cube {i + 1} of {count}")

print(f"Blender {bpy.app.version_string} made {count} cubes")
offstage.result = {"blender": bpy.app.version_string, "objects": sorted(o.name for o in bpy.data.objects)}
