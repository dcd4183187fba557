# SPDX-License-Identifier: Apache-2.0
"""The job: one object of the open .blend, alone in the picture. thumbnails.py submits one for each."""

import math
import os

import bpy
import offstage
from mathutils import Vector

shown = bpy.data.objects[offstage.params["object"]]
size = int(offstage.params.get("size", 128))  # pixels, square

# A scene of its own: nothing else of the file is looked at, however large that is.
scene = bpy.data.scenes.new("Thumbnail")
scene.world = bpy.data.worlds.new("Thumbnail")
scene.world.color = (0.3, 0.3, 0.3)
scene.collection.objects.link(shown)
shown.hide_render = False

corners = [shown.matrix_world @ Vector(corner) for corner in shown.bound_box]
centre = sum(corners, Vector()) / 8
radius = max((corner - centre).length for corner in corners) or 1.0

camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
away = Vector((1.0, -1.6, 0.9)).normalized()
camera.location = centre + away * radius / math.sin(camera.data.angle / 2) * 1.05
camera.rotation_euler = away.to_track_quat("Z", "Y").to_euler()
camera.data.clip_start, camera.data.clip_end = radius / 100, radius * 100
sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
sun.data.energy, sun.rotation_euler = 3.0, (0.6, 0.2, 0.4)
for thing in (camera, sun):
    scene.collection.objects.link(thing)
scene.camera = camera

scene.render.engine = "CYCLES"
scene.cycles.samples, scene.cycles.use_denoising = int(offstage.params.get("samples", 8)), False
scene.render.resolution_x = scene.render.resolution_y = size
scene.render.resolution_percentage = 100
scene.render.image_settings.file_format = "PNG"
scene.render.filepath = os.path.join(offstage.out_dir, offstage.params["file"])
bpy.ops.render.render(write_still=True, scene=scene.name)
