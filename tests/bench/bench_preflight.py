# SPDX-License-Identifier: Apache-2.0
"""The figure of preflight (`scripts/bench data`): a scene of 2,000 materials with a picture each, looked over, beside what opening it takes."""
from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from bench import Row, Setup, cold_command

WORKER = Path(__file__).resolve().parents[2] / "daemon" / "worker"

MAKE = """
import bpy, os
folder = {folder!r}
os.makedirs(folder + "/maps")
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.wm.save_as_mainfile(filepath=folder + "/scene.blend")
picture = bpy.data.images.new("one", 1, 1)
picture.filepath_raw, picture.file_format = folder + "/maps/0.png", "PNG"
picture.save()
bpy.data.images.remove(picture)
with open(folder + "/maps/0.png", "rb") as file:
    png = file.read()
for number in range({count}):
    with open(f"{{folder}}/maps/{{number}}.png", "wb") as file:
        file.write(png)
    material = bpy.data.materials.new(f"M{{number}}")
    material.use_nodes = material.use_fake_user = True
    material.node_tree.nodes.new("ShaderNodeTexImage").image = bpy.data.images.load(f"//maps/{{number}}.png")
bpy.ops.wm.save_as_mainfile(filepath=folder + "/scene.blend")
"""

LOOK = """
import json, statistics, sys, time
sys.path.insert(0, {worker!r})
import boot
boot.load()
from offstage_worker import preflight, scene
path = {folder!r} + "/scene.blend"
begun = time.perf_counter()
warnings = scene.open_scene({{"path": path, "trust": False}}, {folder!r})
opened, looks = time.perf_counter() - begun, []
assert warnings == [], warnings
for _ in range(15):
    begun = time.perf_counter()
    preflight.check("", False, scene.real)
    looks.append(time.perf_counter() - begun)
print("FIGURES", json.dumps({{"opened": opened, "look": statistics.median(looks)}}), flush=True)
"""


def look_over(s: Setup) -> list[Row]:
    folder, figures = s.folder / "preflight", {}
    for name, text in (("make", MAKE), ("look", LOOK)):
        script = s.folder / f"preflight_{name}.py"
        script.write_text(text.format(folder=str(folder), worker=str(WORKER), count=2000))
        done = subprocess.run(cold_command(s, script), capture_output=True, text=True)
        figures = next((json.loads(line.removeprefix("FIGURES ")) for line in done.stdout.splitlines() if line.startswith("FIGURES ")), figures)
    if not figures:
        raise RuntimeError(f"no figures: {done.stdout[-500:]} {done.stderr[-500:]}")
    look = figures["look"] * 1e3
    return [Row("preflight of a scene with 2,000 images, p50", look, "ms", f"opening it: {figures['opened'] * 1e3:.0f} ms", "<= 50", look <= 50)]


FIGURES: dict[str, Callable[[Setup], list[Row]]] = {"preflight": look_over}
