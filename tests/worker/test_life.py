# SPDX-License-Identifier: Apache-2.0
"""A worker from birth to outcome, forked and cold, on the fake Blender."""

import json
import os
from pathlib import Path

import pytest
from wire_host import Keeper, value


def test_a_script_runs_and_its_result_arrives_exactly(host, keeper: Keeper):
    script = "import offstage\noffstage.result = {'big': 2**80, 'given': offstage.params, 'n': n}"
    outcome = host.run(keeper, script, parameters_json='{"n": 7, "x": {"$bytes": "AA=="}}')
    assert outcome["value_json"] == '{"big":1208925819614629174706176,"given":{"n":7,"x":{"$bytes":"AA=="}},"n":7}'
    assert outcome["started_boottime_us"] <= outcome["ended_boottime_us"]


def test_no_result_is_null(host, keeper: Keeper):
    assert host.run(keeper, "pass")["value_json"] == "null"


def test_nothing_of_the_users_runs_before_go(host, keeper: Keeper, tmp_path: Path):
    worker = keeper.fork().wait("idle")
    worker.prepare(f"open({str(tmp_path / 'ran')!r}, 'w')")
    host.until(lambda: worker.page()[32] == 1, 30, "phase 1")
    worker.peer.sock.shutdown(2)
    assert worker.end()["exit_code"] == 0
    assert not (tmp_path / "ran").exists() and not (worker.folder / "outcome").exists() and worker.page()[32] == 1


def test_a_syntax_error_becomes_the_outcome_after_go_only(host, keeper: Keeper):
    worker = keeper.fork().wait("idle")
    worker.prepare("def f(:\n", name="/a/b.py")
    host.until(lambda: worker.page()[32] == 1, 30, "phase 1")
    assert not (worker.folder / "outcome").exists()
    worker.go()
    outcome = worker.outcome()
    assert outcome["reason"] == "SCRIPT_ERROR" and outcome["error"]["frames"][-1]["line"] == 1


def test_what_is_printed_is_in_the_log_in_order_and_nothing_else(host, keeper: Keeper):
    worker = keeper.fork().start("import os, sys\nprint('a')\nos.write(1, b'b\\xff\\n')\nprint('c', file=sys.stderr)\nos.system('echo d')\nprint('e', end='')")
    worker.outcome()
    assert (worker.folder / "log").read_bytes() == b"a\nb\xff\nc\nd\ne"


def test_a_line_is_in_the_log_while_the_script_goes_on(host, keeper: Keeper):
    worker = keeper.fork().start("import time, offstage\nprint('working')\nwhile not offstage.cancelled(): time.sleep(0.01)")
    host.until(lambda: "working\n" in worker.log, 30, "the line")
    worker.cancel()
    assert worker.outcome()["state"] == "cancelled"


def test_it_has_its_own_folders_and_session(host, keeper: Keeper):
    script = """import bpy, offstage, os, tempfile
offstage.result = [os.getcwd(), offstage.out_dir, tempfile.gettempdir(), os.environ['TMPDIR'], bpy.app.tempdir, os.getsid(0), os.getpid(),
                   os.environ['OFFSTAGE_ATTEMPT'], os.environ['OFFSTAGE_STATE_ID'], os.environ['MINE'], os.umask(0), os.nice(0), os.read(0, 1),
                   sorted(os.listdir('.'))]
"""
    worker = keeper.fork().start(script, env={"MINE": "x"}, umask=0o027, nice=3)
    folder = str(worker.folder)
    got = value(worker.outcome())
    assert got[:4] == [folder + "/work", folder + "/out", folder + "/tmp", folder + "/tmp"] and got[4].startswith(folder + "/tmp/")
    assert got[5] == got[6] and got[7:] == [worker.attempt, "test", "x", 0o027, 3, {"$bytes": ""}, []]
    assert (os.stat(folder).st_mode & 0o777) == 0o700 and (os.stat(folder + "/log").st_mode & 0o777) == 0o600


def test_scripts_of_one_keeper_see_nothing_of_each_other(host, keeper: Keeper):
    leave = "import bpy, os, sys, json, offstage\nos.environ['LEFT'] = '1'; sys.left = 1; json.left = 1; bpy.data.objects.clear(); sys.path.append('/left')"
    look = """import bpy, os, sys, json, random, uuid, offstage
offstage.result = [os.environ.get('LEFT'), hasattr(sys, 'left'), hasattr(json, 'left'), len(bpy.data.objects), '/left' in sys.path,
                   uuid.uuid4().hex, random.random()]
"""
    assert host.run(keeper, leave)["state"] == "succeeded"
    first, second = value(host.run(keeper, look)), value(host.run(keeper, look))
    assert first[:5] == [None, False, False, 3, False] and first[5:] != second[5:]


def test_no_module_of_ours_shadows_a_scripts_own(host, keeper: Keeper, tmp_path: Path):
    for name in ("scene", "wire", "values", "page", "worker", "boot", "script"):
        (tmp_path / f"{name}.py").write_text(f"mine = {name!r}\n")
    names = "scene, wire, values, page, worker, boot, script"
    outcome = host.run(keeper, f"import {names}, offstage\noffstage.result = [m.mine for m in ({names})]", name=str(tmp_path / "main.py"))
    assert value(outcome) == ["scene", "wire", "values", "page", "worker", "boot", "script"]


def test_exit_codes_keep_results_where_they_mean_success(host, keeper: Keeper):
    outcome = host.run(keeper, "import offstage, sys\noffstage.result = 5\nsys.exit(0)")
    assert (outcome["state"], outcome["value_json"]) == ("succeeded", "5")
    outcome = host.run(keeper, "import offstage, sys\noffstage.result = 5\nsys.exit(3)")
    assert (outcome["state"], outcome["reason"], outcome["exit_code"]) == ("failed", "EXIT_CODE", 3) and "value_json" not in outcome


@pytest.mark.parametrize(("result", "complaint"), [("[0, {1, 2}]", "result[1]: object of type set"), ("'x' * 3000000", "3000002 bytes")])
def test_a_result_that_cannot_travel_fails_the_job_and_says_why(host, keeper: Keeper, result: str, complaint: str):
    outcome = host.run(keeper, f"import offstage\noffstage.result = {result}")
    assert (outcome["state"], outcome["reason"]) == ("failed", "RESULT_INVALID") and complaint in outcome["message"]


def test_exit_callbacks_and_threads_of_the_script_end_before_the_outcome(host, keeper: Keeper):
    worker = keeper.fork().start("""import atexit, threading, time, offstage, os, logging.handlers
atexit.register(lambda: open(os.path.join(offstage.out_dir, 'bye'), 'w').write('bye'))
def work():
    time.sleep(0.1)
    offstage.result = 'from a thread'
threading.Thread(target=work).start()
""")
    assert value(worker.outcome()) == "from a thread" and (worker.folder / "out" / "bye").read_text() == "bye"


def test_a_child_that_the_script_forks_leaves_no_outcome(host, keeper: Keeper):
    worker = keeper.fork().start("""import os, offstage
pid = os.fork()
offstage.result = 'child'
if pid == 0:
    raise SystemExit(9)
offstage.result = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
""")
    assert value(worker.outcome()) == 9


def test_a_cancelled_script_ends_as_it_likes(host, keeper: Keeper):
    loop = "import offstage, time\nwhile not offstage.cancelled(): time.sleep(0.01)\n"
    for end in ("raise offstage.Cancelled", "import sys; sys.exit(1)", ""):
        worker = keeper.fork().start(loop + end).wait("started")
        worker.cancel()
        assert worker.outcome()["state"] == "cancelled"


def test_a_script_that_never_asked_has_succeeded(host, keeper: Keeper):
    worker = keeper.fork().start("import time; time.sleep(0.3)").wait("started")
    worker.cancel()
    assert worker.outcome()["state"] == "succeeded"


def test_a_scene_is_opened_and_one_that_is_none_is_told_after_go(host, keeper: Keeper, tmp_path: Path):
    (tmp_path / "good.blend").write_bytes(b"FAKE-BLEND")
    (tmp_path / "bad.blend").write_bytes(b"#!/bin/sh")
    script = "import bpy, offstage\noffstage.result = bpy.data.objects.keys()"
    assert value(host.run(keeper, script, scene={"path": str(tmp_path / "good.blend"), "trust": False})) == ["FromFile"]
    for name in ("bad.blend", "missing.blend", "."):
        outcome = host.run(keeper, script, scene={"path": str(tmp_path / name), "trust": False})
        assert (outcome["state"], outcome["reason"]) == ("failed", "SCENE_UNREADABLE") and str(tmp_path / name) in outcome["message"]


def test_parameters_that_cannot_be_taken_in_fail_the_job_and_say_why(host, keeper: Keeper):
    outcome = host.run(keeper, "pass", parameters_json='{"a": {"$bytes": "A"}}')
    assert (outcome["state"], outcome["reason"]) == ("failed", "SCRIPT_ERROR") and outcome["message"].startswith("parameters cannot be taken in")


@pytest.mark.parametrize("signal", [11, 6, 15, 9])
def test_a_crash_leaves_no_outcome_and_names_its_signal(host, keeper: Keeper, signal: int):
    worker = keeper.fork().start(f"import os, time\nprint('last words')\nos.kill(os.getpid(), {signal})\ntime.sleep(30)")
    record = worker.end()
    assert (record["signal"], record["killed_by"]) == (signal, "") and worker.log.startswith("last words\n")
    assert not (worker.folder / "outcome").exists() and json.loads((worker.folder / "exit").read_bytes().partition(b"\n")[2]) == record


def test_a_hard_exit_leaves_no_outcome(host, keeper: Keeper):
    worker = keeper.fork().start("import os; os._exit(0)")
    assert worker.end()["exit_code"] == 0 and not (worker.folder / "outcome").exists()


def test_an_outcome_is_left_also_when_the_daemon_is_away(host, keeper: Keeper):
    worker = keeper.fork().start("import time, offstage\ntime.sleep(0.2)\noffstage.result = 1").wait("started")
    worker.peer.sock.shutdown(2)
    assert value(worker.outcome()) == 1


def test_a_spare_ends_when_the_daemon_goes(host, keeper: Keeper):
    worker = keeper.fork().wait("idle")
    worker.peer.sock.shutdown(2)
    assert worker.end()["status"] == 0


def test_results_may_be_links_and_pipes_and_nothing_hangs(host, keeper: Keeper):
    worker = keeper.fork().start("""import os, offstage
os.chdir(offstage.out_dir)
os.mkfifo('pipe'); os.symlink('/dev/zero', 'link'); os.makedirs('a/b'); open('a/b/c', 'w')
""")
    assert worker.outcome(30)["state"] == "succeeded"


def test_two_hundred_jobs_run_each_in_a_process_of_its_own(host, fake):
    keeper = host.keeper(fake)
    workers = [keeper.fork() for _ in range(200)]
    for worker in workers:
        worker.start("import os, offstage; offstage.result = os.getpid()")
    assert len({value(worker.outcome()) for worker in workers}) == 200
