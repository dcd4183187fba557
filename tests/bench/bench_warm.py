# SPDX-License-Identifier: Apache-2.0
"""Figures of warm scenes (`scripts/bench data`), each beside its baseline in the same minutes.

The scene is a library of a hundred meshes, 300 MB: what thumbnails, previews and checks of assets are made of.
"""
from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench import Daemon, Row, Setup, cold_command, daemon

EXAMPLE = Path(__file__).resolve().parents[2] / "client/examples/thumbnails"

LIBRARY = """
import sys
import bpy
import numpy

path, assets = sys.argv[-2], int(sys.argv[-1])
bpy.ops.wm.read_factory_settings(use_empty=True)
side = 160
index = numpy.arange(side * side).reshape(side, side)
quads = numpy.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], axis=-1).reshape(-1, 4)
u, v = numpy.meshgrid(numpy.linspace(0, 6.283, side), numpy.linspace(0, 3.141, side))
for number in range(assets):
    radius = 1 + 0.2 * numpy.sin((3 + number % 7) * u) * numpy.sin((2 + number % 5) * v)
    points = numpy.stack([radius * numpy.cos(u) * numpy.sin(v), radius * numpy.sin(u) * numpy.sin(v), radius * numpy.cos(v)], axis=-1)
    mesh = bpy.data.meshes.new(f"Asset {number}")
    mesh.vertices.add(side * side)
    mesh.vertices.foreach_set("co", points.astype(numpy.float32).ravel())
    mesh.loops.add(quads.size)
    mesh.loops.foreach_set("vertex_index", quads.astype(numpy.int32).ravel())
    mesh.polygons.add(len(quads))
    mesh.polygons.foreach_set("loop_start", numpy.arange(0, quads.size, 4, dtype=numpy.int32))
    mesh.polygons.foreach_set("loop_total", numpy.full(len(quads), 4, dtype=numpy.int32))
    mesh.uv_layers.new()
    mesh.update(calc_edges=True)
    thing = bpy.data.objects.new(f"Asset {number}", mesh)
    thing.location.x = 3 * number
    bpy.context.scene.collection.objects.link(thing)
bpy.ops.wm.save_as_mainfile(filepath=path, compress=False)
"""

FIRST_LINE = "import time\nopened = time.clock_gettime(1)\nprint('FIRST', opened, flush=True)\n"

# A thumbnail, and then it stays so that its memory can be looked at.
STAY = "\nopen(os.path.join(os.path.dirname(scene.render.filepath), 'done'), 'w').close()\nimport time\ntime.sleep(600)\n"


def library(s: Setup) -> Path:
    """Made once a run, by a cold Blender."""
    path = s.folder / "library.blend"
    if not path.exists():
        script = s.folder / "library.py"
        script.write_text(LIBRARY)
        command = cold_command(s, script)
        dashes = [] if "python" in Path(s.blender).name else ["--"]
        subprocess.run([*command, *dashes, str(path), "20" if s.quick else "100"], check=True, capture_output=True)
    return path


def open_cold(s: Setup, blend: Path, script: Path, *arguments: str) -> list[str]:
    """The command of a cold Blender that opens the scene and runs a script."""
    if "python" in Path(s.blender).name:
        text = f"import bpy, sys\nbpy.ops.wm.open_mainfile(filepath={str(blend)!r})\n" + script.read_text()
        script = script.with_name("open_" + script.name)
        script.write_text(text)
        return [s.blender, str(script), *arguments]
    return [s.blender, "-b", "--factory-startup", "-noaudio", str(blend), "-P", str(script), "--", *arguments]


def share_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def zygote_of(d: Daemon, blend: Path) -> int:
    return next(z["pid"] for z in json.loads(d.cli("status", "--json"))["zygotes"] if z["scene"] == str(blend))


def warm_latency(s: Setup) -> list[Row]:
    """Submit → first line on a scene of 300 MB that is warm, against a cold Blender that opens it."""
    blend = library(s)
    script = s.folder / "first_line.py"
    script.write_text(FIRST_LINE)
    cold = []
    with daemon(s, "warm") as d:
        begun = time.perf_counter()
        d.cli("warm", str(blend))
        warmed = time.perf_counter() - begun
        for _ in range(5):
            begun = time.clock_gettime(1)
            out = subprocess.run(open_cold(s, blend, script), capture_output=True, text=True, check=True).stdout
            cold.append(float(next(line.split()[1] for line in out.splitlines() if line.startswith("FIRST"))) - begun)
        p50 = d.client("latency", str(s.count(200)), "20", str(blend))["p50_ms"]
    cold_ms = statistics.median(cold) * 1e3
    size = blend.stat().st_size / 1e6
    return [
        Row(f"scene of {size:.0f} MB, warm: submit → first line, p50", p50, "ms", f"fsync {s.fsync_ms:.2f} ms"),
        Row("… against a cold Blender that opens it", cold_ms / p50, "×", f"cold {cold_ms:.0f} ms", "≥ 80 ×", cold_ms / p50 >= 80),
        Row("… offstage warm, once", warmed, "s"),
    ]


def thumbnail_script(s: Setup, name: str, more: str = "") -> Path:
    path = s.folder / name
    path.write_text((EXAMPLE / "thumbnail.py").read_text() + more)
    return path


COLD_THUMBNAIL = """
import sys, types
offstage = types.ModuleType("offstage")
offstage.params = {"object": sys.argv[-3], "file": sys.argv[-2], "size": 128}
offstage.out_dir = sys.argv[-1]
sys.modules["offstage"] = offstage
"""


def warm_memory(s: Setup) -> list[Row]:
    """Memory of 8 workers on it, each having rendered a thumbnail, with their zygote; against one cold Blender that did the same."""
    blend = library(s)
    with daemon(s, "warm-memory", "slots = 8\nmax_spares = 0\n") as d:
        d.cli("warm", str(blend))
        script = thumbnail_script(s, "stay.py", STAY)
        submit = ["submit", str(script), "--blend", str(blend), "--cpus", "1"]
        jobs = [d.cli(*submit, "--param", f'object="Asset {i}"', "--param", f'file="{i}.png"').strip() for i in range(8)]
        folders = wait_for(lambda: all_done(d, jobs), 120)
        zygote = zygote_of(d, blend)
        workers = [int(json.loads(d.cli("show", job, "--json"))["attempts"][-1]["pid"]) for job in jobs]
        ours = (share_kib(zygote) + sum(share_kib(pid) for pid in workers)) / 1024
        forked = sum(pid in children(zygote) for pid in workers)
    cold_script = s.folder / "cold_stay.py"
    cold_script.write_text(COLD_THUMBNAIL + script.read_text())
    out = s.folder / "cold-thumbnail"
    out.mkdir(exist_ok=True)
    with subprocess.Popen(open_cold(s, blend, cold_script, "Asset 0", "0.png", str(out)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as cold:
        try:
            wait_for(lambda: (out / "done").exists() or cold.poll() is not None, 120)
            one = share_kib(cold.pid) / 1024
        finally:
            cold.kill()
    assert len(folders) == 8
    return [Row(f"memory of {forked} forked workers and their zygote, a thumbnail each", ours / one, "×", f"{ours:.0f} MiB, one cold Blender {one:.0f} MiB",
                "≤ 1.6 ×", ours / one <= 1.6)]


def all_done(d: Daemon, jobs: list[str]) -> list[Path] | None:
    folders = []
    for job in jobs:
        attempts = json.loads(d.cli("show", job, "--json"))["attempts"]
        if not attempts or not (Path(attempts[-1]["folder"]) / "out/done").exists():
            return None
        folders.append(Path(attempts[-1]["folder"]))
    return folders


def wait_for(what, patience: float):
    deadline = time.monotonic() + patience
    while not (value := what()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"did not come to pass within {patience} s")
        time.sleep(0.2)
    return value


def thumbnails(s: Setup) -> list[Row]:
    """The example on the whole library, everything counted, against xargs -P$(nproc) of cold Blenders on a part of it."""
    blend = library(s)
    count, cold_count = (20 if s.quick else 100), (8 if s.quick else 16)
    with daemon(s, "thumbnails") as d:
        env = {**d.env, "PATH": f"{s.offstage.parent}:{os.environ['PATH']}"}
        begun = time.perf_counter()
        command = [sys.executable, str(EXAMPLE / "thumbnails.py"), str(blend), "-o", str(s.folder / "pictures")]
        subprocess.run(command, env=env, check=True, capture_output=True)
        ours = time.perf_counter() - begun
        made = len(list((s.folder / "pictures").glob("*.png")))
    cold_script = s.folder / "cold_thumbnail.py"
    cold_script.write_text(COLD_THUMBNAIL + thumbnail_script(s, "thumbnail.py").read_text())
    out = s.folder / "cold-pictures"
    out.mkdir(exist_ok=True)
    lines = "\0".join(f"Asset {i}\0{i}.png\0{out}" for i in range(cold_count))
    begun = time.perf_counter()
    command = ["xargs", "-0", "-n", "3", f"-P{os.cpu_count()}", *open_cold(s, blend, cold_script)]
    subprocess.run(command, input=lines, text=True, check=True, capture_output=True)
    each = (time.perf_counter() - begun) / cold_count
    ratio = each * count / ours
    return [Row(f"{made} thumbnails on it, `thumbnails.py` as a whole", ours, "s"),
            Row("… against xargs of cold Blenders", ratio, "×", f"{each * count:.0f} s, from {cold_count} of them")]


FIGURES = {"warm_latency": warm_latency, "warm_memory": warm_memory, "thumbnails": thumbnails}
