# SPDX-License-Identifier: Apache-2.0
"""Each job has a Blender that nobody has used before."""
from __future__ import annotations

import json

LOOK = """
import bpy, offstage, os, random, sys, tempfile, uuid
import numpy
offstage.result = {
    "pid": os.getpid(), "objects": sorted(bpy.data.objects.keys()), "leaked": "leaked_module" in sys.modules, "tempdir": bpy.app.tempdir,
    "tmp": tempfile.gettempdir(), "cwd": os.getcwd(), "numpy": numpy.random.rand(4).tolist(), "random": random.random(), "uuid": str(uuid.uuid4()),
    "env": os.environ.get("LEAKED"), "umask": os.umask(0o077), "sid": os.getsid(0), "out": offstage.out_dir,
}
sys.modules["leaked_module"] = sys
bpy.data.objects.new("Leaked", None)
os.environ["LEAKED"] = "1"
"""


def test_500_jobs_at_once_each_in_a_process_of_its_own(shared, script):
    path = script(LOOK)
    ids = []
    import concurrent.futures
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(lambda _: shared.offstage("submit", path, "--isolation", "fork").stdout.strip(), range(500)))
    assert len(set(ids)) == 500
    assert shared.offstage("wait", *ids, timeout=240).returncode == 0
    jobs = {job["id"]: job for job in json.loads(shared.offstage("list", "--json", "--limit", "500").stdout)}
    results = [jobs[i]["result"] for i in ids]
    assert all(jobs[i]["state"] == "SUCCEEDED" for i in ids)
    assert all(r["objects"] == ["Camera", "Cube", "Light"] for r in results)
    assert not any(r["leaked"] or r["env"] for r in results)
    for unique in ("pid", "tempdir", "tmp", "cwd", "random", "uuid", "sid", "out"):
        # a pid may come again when the numbers wrap; nothing else may
        assert len({str(r[unique]) for r in results}) >= (490 if unique in ("pid", "sid") else 500), unique
    assert len({tuple(r["numpy"]) for r in results}) == 500
    assert {a["isolation"] for i in ids for a in jobs[i]["attempts"]} <= {"FORK"}


def test_the_scene_is_the_factory_start_up_scene(shared, script):
    code = "import bpy, offstage\noffstage.result = [sorted(bpy.data.objects.keys()), bpy.data.filepath, bpy.context.scene.name, bpy.app.background]"
    for isolation in ("fork", "process"):
        done = shared.offstage("run", script(code), "--isolation", isolation)
        assert json.loads(done.stdout) == [["Camera", "Cube", "Light"], "", "Scene", True], done.stderr


def test_a_cpus_cap_holds_blender_to_so_many_threads(shared, script):
    code = """
import bpy, offstage, time
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples, scene.cycles.use_denoising = 64, False
scene.render.resolution_x = scene.render.resolution_y = 256
scene.render.filepath = offstage.out_dir + "/x"
wall, cpu = time.perf_counter(), time.process_time()
bpy.ops.render.render()
offstage.result = (time.process_time() - cpu) / (time.perf_counter() - wall)
"""
    import os
    capped = float(shared.offstage("run", script(code), "--cpus", "1", timeout=180).stdout)
    free = float(shared.offstage("run", script(code), timeout=180).stdout)
    assert capped < 1.4
    if (os.cpu_count() or 1) > 1:
        assert free > capped * 1.15, (free, capped)
