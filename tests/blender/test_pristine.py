# SPDX-License-Identifier: Apache-2.0
"""Each job has a Blender that nobody has used before."""
from __future__ import annotations

import concurrent.futures
import contextlib
import glob
import json
import os
import statistics
import time
from pathlib import Path

from support.harness import Daemon, alive, wait_for

LOOK = """
import bpy, offstage, os, random, sys, tempfile, uuid
drawn = []
if DRAWS:
    import numpy
    drawn = numpy.random.rand(4).tolist()
offstage.result = {
    "pid": os.getpid(), "objects": sorted(bpy.data.objects.keys()), "leaked": "leaked_module" in sys.modules, "tempdir": bpy.app.tempdir,
    "tmp": tempfile.gettempdir(), "cwd": os.getcwd(), "numpy": drawn, "random": random.random(), "uuid": str(uuid.uuid4()),
    "env": os.environ.get("LEAKED"), "umask": os.umask(0o077), "sid": os.getsid(0), "out": offstage.out_dir,
}
sys.modules["leaked_module"] = sys
bpy.data.objects.new("Leaked", None)
os.environ["LEAKED"] = "1"
"""


def test_500_jobs_at_once_each_in_a_process_of_its_own(shared, script):
    some, most = (script(LOOK.replace("DRAWS", str(draws)), f"{draws}.py") for draws in (True, False))    # numpy takes longer to load than all else here
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(lambda n: shared.offstage("submit", most if n % 10 else some, "--isolation", "fork").stdout.strip(), range(500)))
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
    assert len({tuple(r["numpy"]) for r in results if r["numpy"]}) == 50
    assert {a["isolation"] for i in ids for a in jobs[i]["attempts"]} <= {"FORK"}


def test_the_scene_is_the_factory_start_up_scene(shared, script):
    code = "import bpy, offstage\noffstage.result = [sorted(bpy.data.objects.keys()), bpy.data.filepath, bpy.context.scene.name, bpy.app.background]"
    for isolation in ("fork", "process"):
        done = shared.offstage("run", script(code), "--isolation", isolation)
        assert json.loads(done.stdout) == [["Camera", "Cube", "Light"], "", "Scene", True], done.stderr


RENDER = """
import bpy
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples, scene.cycles.use_denoising = 24, False
scene.render.resolution_x = scene.render.resolution_y = 256
bpy.ops.render.render()
"""


def threads_at_once(daemon: Daemon, *args: str) -> int:
    """How many threads of a job want to run, most of the time: unlike what a clock says, that is the same on a busy machine."""
    job = daemon.offstage("submit", *args).stdout.strip()
    pid = wait_for(lambda: next((attempt["pid"] for attempt in daemon.json("show", job)["attempts"] if attempt["state"] == "RUNNING"), None))
    seen: list[int] = []
    while alive(pid):
        states = []
        for path in glob.glob(f"/proc/{pid}/task/*/stat"):
            with contextlib.suppress(OSError):   # it has ended meanwhile
                states.append(Path(path).read_text().rpartition(")")[2].split()[0])
        seen.append(states.count("R"))
        time.sleep(0.01)
    assert daemon.json("show", job)["state"] == "SUCCEEDED"
    return statistics.mode(count for count in seen if count)


def test_a_cpus_cap_holds_blender_to_so_many_threads(shared, script):
    assert threads_at_once(shared, script(RENDER), "--cpus", "1") == 1
    if len(os.sched_getaffinity(0)) > 1:
        assert threads_at_once(shared, script(RENDER)) > 1
