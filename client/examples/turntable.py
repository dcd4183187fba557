# SPDX-License-Identifier: Apache-2.0
"""A turntable: builds a small stage from parameters and renders one turn of it with Cycles, as one job with live progress.

    offstage run client/examples/turntable.py --param frames=48 --param 'colour=[0.1, 0.5, 0.9]'

The pictures and a contact sheet of them lie in the job's output folder; the result says where.
"""

import math
import time
from pathlib import Path

import bpy
import numpy
import offstage

frames = int(offstage.params.get("frames", 24))
size = int(offstage.params.get("size", 160))  # pixels, square
samples = int(offstage.params.get("samples", 10))
colour = offstage.params.get("colour", [0.95, 0.42, 0.08])  # of the actor, linear RGB
folder = Path(offstage.out_dir)


def material(name: str, rgb: list[float], roughness: float, metallic: float = 0.0) -> bpy.types.Material:
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    inputs = made.node_tree.nodes["Principled BSDF"].inputs
    inputs["Base Color"].default_value = (*rgb, 1.0)
    inputs["Roughness"].default_value = roughness
    inputs["Metallic"].default_value = metallic
    return made


def dress(thing: bpy.types.Object, look: bpy.types.Material, smooth: bool = True) -> bpy.types.Object:
    thing.data.materials.append(look)
    thing.data.polygons.foreach_set("use_smooth", [smooth] * len(thing.data.polygons))
    return thing


def curtain() -> bpy.types.Object:
    """A sheet in folds, behind the actor."""
    across, up = 161, 2
    points = [(x, 3.2 + 0.16 * math.sin(x * 5.5) + 0.05 * math.sin(x * 13.0), z) for z in (-0.2, 6.0) for x in numpy.linspace(-6, 6, across)]
    faces = [(i, i + 1, i + across + 1, i + across) for i in range(across * (up - 1) - 1)]
    mesh = bpy.data.meshes.new("Curtain")
    mesh.from_pydata(points, [], faces)
    thing = bpy.data.objects.new("Curtain", mesh)
    bpy.context.collection.objects.link(thing)
    return thing


def light(name: str, where: tuple[float, float, float], watts: float, width: float, rgb: tuple[float, float, float]) -> None:
    lamp = bpy.data.lights.new(name, "AREA")
    lamp.energy, lamp.size, lamp.color = watts, width, rgb
    aim(bpy.data.objects.new(name, lamp), where, (0, 0, 0.9))


def aim(thing: bpy.types.Object, where: tuple[float, float, float], at: tuple[float, float, float]) -> bpy.types.Object:
    """Puts a lamp or a camera somewhere, looking at a point: both look along their own -Z."""
    away = numpy.subtract(at, where)
    thing.location = where
    thing.rotation_euler = (math.pi - math.acos(away[2] / numpy.linalg.norm(away)), 0, math.atan2(away[1], away[0]) - math.pi / 2)
    bpy.context.collection.objects.link(thing)
    return thing


def build() -> bpy.types.Object:
    """Clears the stage, builds ours, returns the table that turns."""
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    bpy.context.scene.world.use_nodes = True
    bpy.context.scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.02, 0.02, 0.03, 1)

    bpy.ops.mesh.primitive_plane_add(size=14)
    dress(bpy.context.object, material("Floor", [0.05, 0.03, 0.02], 0.55))
    dress(curtain(), material("Velvet", [0.30, 0.01, 0.02], 0.8))

    bpy.ops.mesh.primitive_cylinder_add(vertices=96, radius=1.35, depth=0.16, location=(0, 0, 0.08))
    table = dress(bpy.context.object, material("Table", [0.55, 0.50, 0.42], 0.3), smooth=False)

    bpy.ops.mesh.primitive_monkey_add(size=1.9, location=(0, 0, 1.02), rotation=(math.radians(-36), 0, 0))
    actor = dress(bpy.context.object, material("Actor", colour, 0.28, 0.5))
    actor.modifiers.new("Smooth", "SUBSURF").levels = 2
    actor.modifiers["Smooth"].render_levels = 2
    actor.parent = table
    actor.matrix_parent_inverse = table.matrix_world.inverted()

    light("Key", (-3.0, -3.6, 4.2), 420, 0.9, (1.0, 0.93, 0.85))
    light("Fill", (3.6, -2.6, 2.4), 120, 1.6, (0.65, 0.80, 1.0))
    light("Rim", (1.2, 2.4, 4.0), 260, 0.8, (1.0, 0.85, 0.7))
    bpy.context.scene.camera = aim(bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera")), (0, -5.6, 2.3), (0, 0, 0.95))
    return table


def set_up(scene: bpy.types.Scene) -> None:
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    render.resolution_x = render.resolution_y = size
    render.image_settings.file_format = "PNG"
    render.use_persistent_data = True  # the scene stays in Cycles from frame to frame: only the turn is new
    cycles.device, cycles.samples, cycles.use_denoising, cycles.use_adaptive_sampling = "CPU", samples, False, False
    cycles.max_bounces, cycles.diffuse_bounces, cycles.sample_clamp_indirect = 2, 1, 1.0


def contact_sheet(pictures: list[Path], columns: int = 6) -> Path:
    """All pictures in one, row by row from the top."""
    rows = math.ceil(len(pictures) / columns)
    sheet = numpy.zeros((rows * size, columns * size, 4), dtype=numpy.float32)
    sheet[:, :, 3] = 1
    for index, picture in enumerate(pictures):
        image = bpy.data.images.load(str(picture))
        pixels = numpy.empty(size * size * 4, dtype=numpy.float32)
        image.pixels.foreach_get(pixels)
        top, left = (rows - 1 - index // columns) * size, index % columns * size  # Blender's rows run from the bottom
        sheet[top : top + size, left : left + size] = pixels.reshape(size, size, 4)
        bpy.data.images.remove(image)
    made = bpy.data.images.new("Contact sheet", columns * size, rows * size)
    made.pixels.foreach_set(sheet.ravel())
    made.filepath_raw, made.file_format = str(folder / "contact_sheet.png"), "PNG"
    made.save()
    return folder / "contact_sheet.png"


offstage.progress(0, "building the stage")
table = build()
scene = bpy.context.scene
set_up(scene)

pictures: list[Path] = []
began = time.monotonic()
for frame in range(frames):
    offstage.progress(frame / frames, f"frame {frame + 1} of {frames}")
    table.rotation_euler.z = math.radians(-35) + math.tau * frame / frames
    pictures.append(folder / f"turntable_{frame + 1:04}.png")
    scene.render.filepath = str(pictures[-1])
    bpy.ops.render.render(write_still=True)
    if offstage.cancelled():
        raise SystemExit(f"cancelled after {frame + 1} of {frames} frames")
seconds = time.monotonic() - began

offstage.progress(1, "contact sheet")
offstage.result = {
    "frames": frames,
    "folder": str(folder),
    "contact_sheet": str(contact_sheet(pictures)),
    "seconds_per_frame": round(seconds / frames, 3),
}
