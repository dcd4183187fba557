# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof's script: run as an ordinary attempt, on a cold worker and on forked ones, and compared by the daemon.

A forked child that lost something of its Blender hangs here, renders other pixels, or renders on one core. Needs bpy, 3.4 to 5.x.
"""

import hashlib
import os
import time
from array import array
from typing import Any

import bpy
import offstage

WIDTH, HEIGHT, SAMPLES, LEAST_S = 256, 160, 32, 0.8


def cores_used(work: Any) -> float:
    """CPU time over wall time, of as many rounds of `work` as fill the least time: threads need a while to come up."""
    work()
    wall, cpu = time.perf_counter(), time.process_time()
    while True:
        work()
        elapsed = time.perf_counter() - wall
        if elapsed >= LEAST_S:
            return (time.process_time() - cpu) / elapsed


def set_up() -> Any:
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.cycles.samples = SAMPLES
    scene.cycles.seed = 1
    scene.cycles.use_denoising = False
    scene.cycles.use_adaptive_sampling = False
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = WIDTH, HEIGHT, 100
    scene.render.use_persistent_data = False
    cube = bpy.data.objects["Cube"]
    cube.modifiers.new("subdivision", "SUBSURF").render_levels = 5   # OpenSubdiv, the depsgraph and the BVH take part
    return scene


def set_format(scene: Any, name: str) -> None:
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):          # Blender 5.0 and later: formats go by kind
        settings.media_type = "IMAGE"
    settings.file_format = name
    settings.color_mode = "RGBA"
    settings.color_depth = "32" if name == "OPEN_EXR" else "8"


def pixels_of(path: str) -> tuple[array, int, int]:
    image = bpy.data.images.load(path)
    values = array("f", bytes(4 * len(image.pixels)))
    image.pixels.foreach_get(values)
    size = tuple(image.size)
    bpy.data.images.remove(image)
    return values, *size


def written_and_read(scene: Any, name: str, suffix: str) -> tuple[bool, array]:
    """Saves the render and reads it back: as large as it was, and with a picture in it."""
    set_format(scene, name)
    path = os.path.join(bpy.app.tempdir, "probe" + suffix)
    bpy.data.images["Render Result"].save_render(path, scene=scene)
    values, width, height = pixels_of(path)
    return (width, height) == (WIDTH, HEIGHT) and max(values) > 0.1 and min(values[0:len(values):4]) < 0.9, values


def main() -> dict[str, Any]:
    scene = set_up()
    cores = cores_used(bpy.ops.render.render)
    exr, values = written_and_read(scene, "OPEN_EXR", ".exr")
    png, small = written_and_read(scene, "PNG", ".png")
    again, _ = written_and_read(scene, "PNG", ".png")
    digest = hashlib.sha256(values.tobytes() + small.tobytes()).hexdigest()
    return {"pixels": digest, "cores": round(cores, 2), "cpus": len(os.sched_getaffinity(0)), "png": png and again, "exr": exr,
            "version": bpy.app.version_string}


offstage.result = main()
