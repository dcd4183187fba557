# SPDX-License-Identifier: Apache-2.0
"""How a headless Blender behaves, forked or cold."""

import os
import struct
import time

from wire_host import value


def test_timers_do_not_fire(host, keeper):
    script = "import bpy, time, offstage\nran = []\nbpy.app.timers.register(lambda: ran.append(1))\ntime.sleep(0.3)\noffstage.result = len(ran)"
    assert value(host.run(keeper, script)) == 0


def test_the_temporary_folder_follows_the_preference(host, keeper):
    worker = keeper.fork().start("import bpy, os, offstage\noffstage.result = [bpy.app.tempdir, os.path.isdir(bpy.app.tempdir)]")
    path, there = value(worker.outcome())
    assert there and path.startswith(str(worker.folder / "tmp"))


def test_the_c_side_prints_by_lines(host, keeper):
    script = "import ctypes, time, offstage\nctypes.CDLL(None).printf(b'from C\\n')\nwhile not offstage.cancelled(): time.sleep(0.01)"
    worker = keeper.fork().start(script)
    host.until(lambda: "from C\n" in worker.log, 60, "the line")
    worker.cancel()
    assert worker.outcome()["state"] == "cancelled"


def test_a_crash_report_lands_in_the_workers_own_folder(host, keeper, blender):
    worker = keeper.fork().start("import ctypes; ctypes.string_at(1)")
    assert worker.end()["signal"] == 11
    reports = list((worker.folder / "tmp").rglob("*.crash.txt"))
    assert (len(reports) == 1) == (blender.kind == "executable"), "a module has no crash handler of its own"


def test_sigterm_ends_a_render_at_once(host, keeper):
    worker = keeper.fork().start("""import bpy
s = bpy.context.scene
s.render.engine, s.cycles.samples, s.cycles.use_denoising = 'CYCLES', 100000, False
bpy.ops.render.render()
""")
    worker.wait("started")
    time.sleep(0.5)
    os.kill(worker.hello["pid"], 15)
    assert worker.end(30)["signal"] == 15


def test_an_animation_stops_at_its_next_chance_once_cancelled(host, keeper, blender):
    """By one SIGINT, which only the executable turns into a cancelled render; a module is left to SIGTERM."""
    script = """import bpy, offstage
s = bpy.context.scene
s.render.engine, s.cycles.samples, s.cycles.use_denoising = 'CYCLES', 1, False
s.render.resolution_x = s.render.resolution_y = 32
s.frame_end, s.render.filepath = 100000, offstage.out_dir + '/f'
bpy.app.handlers.render_post.append(lambda scene, _: offstage.progress(0.5, str(scene.frame_current)))
bpy.ops.render.render(animation=True)
"""
    worker = keeper.fork().start(script)
    host.until(lambda: struct.unpack_from("<Q", worker.page(), 24)[0] > 2, 60, "two frames")
    worker.cancel()
    if blender.kind == "executable":
        assert worker.outcome(60)["state"] == "cancelled"
    else:
        keeper.say("kill", worker)
        assert worker.end()["killed_by"] == "kill"


def test_python_scripts_are_not_disturbed_by_a_cancel(host, keeper):
    worker = keeper.fork().start("import bpy, time, offstage\nfor _ in range(50): time.sleep(0.01)\noffstage.result = 'undisturbed'").wait("started")
    worker.cancel()
    assert value(worker.outcome()) == "undisturbed"


def test_a_scene_opens_where_it_lies_and_its_drivers_only_if_trusted(host, keeper, tmp_path):
    path = str(tmp_path / "scene.blend")
    make = f"""import bpy
curve = bpy.data.objects['Cube'].driver_add('location', 0)
curve.driver.type, curve.driver.expression = 'SCRIPTED', '[4.0 for _ in range(1)][0] + len(bpy.app.version)'
bpy.ops.wm.save_as_mainfile(filepath={path!r})
"""
    assert host.run(keeper, make)["state"] == "succeeded"
    look = """import bpy, offstage
bpy.context.view_layer.update()
offstage.result = [bpy.data.filepath, bpy.path.abspath('//'), bpy.data.objects['Cube'].location.x]
"""
    blocked = host.run(keeper, look, scene={"path": path, "trust": False})
    trusted = host.run(keeper, look, scene={"path": path, "trust": True})
    assert value(trusted) == [path, str(tmp_path) + "/", 7.0] and trusted["warnings"] == []
    assert value(blocked)[2] != 7.0 and [warning["code"] for warning in blocked["warnings"]] == ["SCRIPTS_BLOCKED"]


def test_a_file_that_is_no_scene_is_told(host, keeper, tmp_path):
    (tmp_path / "no.blend").write_bytes(b"BLENDER-v999RENDH" + b"\0" * 100)
    outcome = host.run(keeper, "pass", scene={"path": str(tmp_path / "no.blend"), "trust": False})
    assert outcome["reason"] == "SCENE_UNREADABLE" and "no.blend" in outcome["message"]


def test_a_worker_ends_in_time_whatever_the_script_loaded(host, keeper):
    script = """import bpy, atexit, threading, concurrent.futures, multiprocessing, offstage
bpy.ops.mesh.primitive_monkey_add()
bpy.context.view_layer.update()
with concurrent.futures.ThreadPoolExecutor(2) as pool: offstage.result = list(pool.map(abs, [-1, -2]))
raise SystemExit(0)
"""
    worker = keeper.fork().start(script)
    assert value(worker.outcome()) == [1, 2] and worker.end(60)["status"] == 0


def test_mathutils_values_travel(host, keeper):
    script = """import bpy, mathutils, offstage
o = bpy.data.objects['Cube']
o['p'] = [1, 2]
offstage.result = [mathutils.Vector((1, 2, 3)), mathutils.Matrix.Identity(2), o.bound_box[0], o['p'], o.color]
"""
    assert value(host.run(keeper, script)) == [[1.0, 2.0, 3.0], [[1.0, 0.0], [0.0, 1.0]], [-1.0, -1.0, -1.0], [1, 2], [1.0, 1.0, 1.0, 1.0]]
