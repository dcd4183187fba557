# SPDX-License-Identifier: Apache-2.0
"""kill -9 of every part, on a real Blender."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import time

LONG_RENDER = """
import bpy, offstage, time
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples, scene.cycles.use_denoising = 4, False
scene.render.resolution_x = scene.render.resolution_y = 64
begun = time.monotonic()
i = 0
while time.monotonic() - begun < SECONDS:
    bpy.ops.render.render()
    time.sleep(0.1)                      # others have work, too
    i += 1
    print("picture", i, flush=True)
    offstage.progress(min(0.99, (time.monotonic() - begun) / SECONDS), f"picture {i}")
print("the end")
offstage.result = i
"""


def wait_for(what, patience=60.0):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        value = what()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("did not come to pass")


def show(daemon, job):
    return json.loads(daemon.offstage("show", job, "--json").stdout)


def running_pid(daemon, job):
    return wait_for(lambda: next((a["pid"] for a in show(daemon, job)["attempts"] if a["state"] == "RUNNING"), None))


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def parent(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return int(stat.read().rsplit(")", 1)[1].split()[1])


def test_kill_9_of_the_daemon_in_the_middle_of_a_render(own, script):
    job = own.offstage("submit", script(LONG_RENDER.replace("SECONDS", "10"))).stdout.strip()
    pid = running_pid(own, job)
    following = subprocess.Popen([own.cli, "logs", "-f", job], env=own.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(1.5)
    os.kill(own.pid, signal.SIGKILL)
    time.sleep(1)
    assert alive(pid)
    own.start()
    assert own.offstage("wait", job, timeout=60).returncode == 0
    seen = show(own, job)
    assert seen["state"] == "SUCCEEDED" and len(seen["attempts"]) == 1 and seen["attempts"][0]["pid"] == pid
    out, err = following.communicate(timeout=20)
    whole = own.offstage("logs", job).stdout
    assert out.decode() == whole, err
    pictures = [line for line in whole.splitlines() if line.startswith("picture ")]
    assert pictures == [f"picture {n}" for n in range(1, seen["result"] + 1)] and "the end" in whole


def test_kill_9_of_the_zygote_leaves_its_busy_workers_running(own, script):
    job = own.offstage("submit", script(LONG_RENDER.replace("SECONDS", "5")), "--isolation", "fork").stdout.strip()
    pid = running_pid(own, job)
    zygote = parent(pid)
    assert zygote in [z["pid"] for z in json.loads(own.offstage("status", "--json").stdout)["zygotes"]]
    os.kill(zygote, signal.SIGKILL)
    assert own.offstage("wait", job, timeout=60).returncode == 0
    assert show(own, job)["attempts"][0]["pid"] == pid
    assert not alive(pid)
    # and the next job gets a new zygote
    assert own.offstage("run", script("import bpy"), "--isolation", "fork", timeout=120).returncode == 0


def test_kill_9_of_the_worker_is_a_crash_with_its_signal(own, script):
    job = own.offstage("submit", script(LONG_RENDER.replace("SECONDS", "60"))).stdout.strip()
    os.kill(running_pid(own, job), signal.SIGKILL)
    assert own.offstage("wait", job, timeout=30).returncode == 1
    seen = show(own, job)
    assert seen["state"] == "FAILED" and seen["reason"] == "CRASHED"
    assert "SIGKILL" in seen["error"]["message"] or "signal 9" in seen["error"]["message"]


def test_a_segfault_comes_with_blender_s_report_and_the_last_lines(own, script):
    done = own.offstage("run", script("import ctypes\nprint('last words', flush=True)\nctypes.string_at(0)"), "--json", timeout=60)
    assert done.returncode == 1
    seen = json.loads(done.stdout)
    assert seen["reason"] == "CRASHED" and "SIGSEGV" in json.dumps(seen["error"])
    assert "last words" in json.dumps(seen["error"])


def test_a_double_forked_grandchild_that_ignores_sigterm_dies_with_its_job(own, script, tmp_path):
    note = tmp_path / "grandchild"
    code = f"""
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open({str(note)!r}, "w").write(str(os.getpid()))
        while True: time.sleep(1)
    os._exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True: time.sleep(1)
"""
    for isolation in ("fork", "process"):
        note.unlink(missing_ok=True)
        job = own.offstage("submit", script(code), "--isolation", isolation).stdout.strip()
        grandchild = wait_for(lambda: note.exists() and note.read_text() and int(note.read_text()))
        worker = running_pid(own, job)
        assert alive(grandchild)
        own.offstage("cancel", job)
        assert own.offstage("wait", job, timeout=30).returncode == 130
        assert not alive(grandchild) and not alive(worker)


def test_a_cancelled_render_stops_at_its_next_chance(own, script, blender):
    code = """
import bpy, offstage
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples, scene.cycles.use_denoising = 4, False
scene.render.resolution_x = scene.render.resolution_y = 64
scene.frame_end = 100000
scene.render.filepath = offstage.out_dir + "/"
print("rendering", flush=True)
bpy.ops.render.render(animation=True)
print("cancelled:", offstage.cancelled(), flush=True)
"""
    for isolation in ("fork", "process"):
        job = own.offstage("submit", script(code), "--isolation", isolation).stdout.strip()
        wait_for(lambda job=job: "Saved" in own.offstage("logs", job).stdout)
        own.offstage("cancel", job)
        assert own.offstage("wait", job, timeout=60).returncode == 130
        if "python" not in os.path.basename(blender):  # Blender as a Python module does not listen to SIGINT: SIGTERM ends it after the grace
            assert "cancelled: True" in own.offstage("logs", job).stdout
