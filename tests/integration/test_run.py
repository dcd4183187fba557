# SPDX-License-Identifier: Apache-2.0
"""A script comes back: its result, its outcome, its exit code."""
from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.harness import wait_for
from support.jobs import Jobs


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("1208925819614629174706176", "value == 2 ** 80"),
        ("0.1", "value == 0.1"),
        ('"\\u00e9\\n\'\\""', "value == '\u00e9\\n\\'\"'"),
        ('{"b": 1, "a": [true, null]}', "list(value) == ['b', 'a'] and value['a'] == [True, None]"),
        ('{"$float": "nan"}', "value != value"),
        ('{"$bytes": "AAH/"}', "value == b'\\x00\\x01\\xff'"),
    ],
)
def test_parameters_arrive_as_they_were_meant(shared: Jobs, text: str, check: str) -> None:
    parameters = shared.folder / "p.json"
    parameters.write_text(f'{{"value": {text}}}')
    assert shared.ok("run", shared.script(f"import offstage\noffstage.result = bool({check})"), "--params", parameters) == "true\n"


def test_run_prints_just_the_result_and_everything_else_on_standard_error(shared: Jobs) -> None:
    code = "import offstage, sys\nprint('out')\nprint('err', file=sys.stderr)\noffstage.result = {'a': [1, 2.5, None], 'z': 'é'}"
    done = shared.run("run", shared.script(code))
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"a": [1, 2.5, None], "z": "é"}
    assert done.stdout.count("\n") == 1
    assert "out" in done.stderr and "err" in done.stderr


def test_a_script_without_a_result_gives_null(shared: Jobs) -> None:
    assert shared.ok("run", shared.script("pass")) == "null\n"


def test_big_integers_come_back_whole(shared: Jobs) -> None:
    assert shared.ok("run", shared.script("import offstage\noffstage.result = 2 ** 80")) == "1208925819614629174706176\n"


def test_run_json_prints_what_show_json_prints(shared: Jobs) -> None:
    ran = json.loads(shared.ok("run", shared.script("import offstage\noffstage.result = [1]"), "--json"))
    shown = shared.show(ran["id"])
    for attempt in [*ran["attempts"], *shown["attempts"]]:
        for key in ("user_cpu_s", "system_cpu_s", "max_rss_bytes", "exit_code"):  # known when the process is gone, a moment after its outcome
            del attempt[key]
    assert ran == shown
    assert ran["state"] == "SUCCEEDED" and ran["result"] == [1] and ran["reason"] is None
    assert isinstance(ran["progress"], (int, float)) and len(ran["attempts"]) == 1


def test_submit_prints_just_the_id_and_wait_ends_as_run_does(shared: Jobs) -> None:
    job = shared.ok("submit", shared.script("import sys; sys.exit(3)"))
    assert len(job.strip()) == 32 and job == job.strip() + "\n"
    assert shared.run("wait", job.strip()).returncode == 1
    seen = shared.show(job.strip())
    assert (seen["state"], seen["reason"]) == ("FAILED", "EXIT_CODE")
    assert "3" in seen["error"]["message"]


def test_sys_exit_0_succeeds_and_keeps_its_result(shared: Jobs) -> None:
    assert shared.ok("run", shared.script("import offstage, sys\noffstage.result = 7\nsys.exit(0)")) == "7\n"


def test_an_exception_is_told_with_the_script_s_own_frames_only(shared: Jobs) -> None:
    path = shared.script("def inner():\n    raise ValueError('no good')\n\ninner()\n")
    done = shared.run("run", path, "--json")
    assert done.returncode == 1
    seen = json.loads(done.stdout)
    assert (seen["state"], seen["reason"]) == ("FAILED", "SCRIPT_ERROR")
    assert "no good" in seen["error"]["message"]
    trace = seen["error"]["traceback"]
    assert f'File "{path}", line 2, in inner' in trace and f'File "{path}", line 4, in <module>' in trace
    assert trace.count("File ") == 2 and "raise ValueError('no good')" in trace


def test_a_syntax_error_is_told_with_line_and_caret(shared: Jobs) -> None:
    done = shared.run("run", shared.script("x = 1\nif x = 2:\n    pass\n"), "--json")
    assert done.returncode == 1
    seen = json.loads(done.stdout)
    assert seen["reason"] == "SCRIPT_ERROR" and "SyntaxError" in seen["error"]["traceback"]
    assert "line 2" in seen["error"]["traceback"] and "^" in seen["error"]["traceback"]


def test_what_a_script_sees_of_itself(shared: Jobs) -> None:
    path = shared.script(
        "from __future__ import annotations\n"
        "import os, sys, offstage\n"
        "offstage.result = {'name': __name__, 'file': __file__, 'path': sys.path[0], 'cwd': os.getcwd(), 'argv': sys.argv, 'x': x, 'params': offstage.params,\n"
        "                   'line': sys._getframe().f_lineno, 'home': os.environ['GREETING'], 'umask': os.umask(0o77), 'out': str(offstage.out_dir)}\n"
    )
    ran = json.loads(shared.ok("run", path, "--param", "x=[1, 2]", "--env", "GREETING=hello world", "--json", "--", "a b", "--c", "[1,2]"))
    seen = ran["result"]
    assert seen["name"] == "__main__" and seen["file"] == str(path) and seen["path"] == str(path.parent)
    assert seen["argv"][1:] == ["a b", "--c", "[1,2]"]
    assert seen["x"] == [1, 2] and seen["params"] == {"x": [1, 2]}
    assert seen["home"] == "hello world" and seen["umask"] == 0o77
    assert "/attempts/" in seen["cwd"] and "/attempts/" in seen["out"]


def test_the_source_is_as_it_was_at_submit(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon("slots = 1\n")
    jobs.daemon.start()
    _, gate = jobs.gated()
    path = jobs.script("import offstage\noffstage.result = 'first'")
    job = jobs.ok("submit", path).strip()
    path.write_text("import offstage\noffstage.result = 'second'")
    gate.touch()
    assert jobs.wait_end(job)["result"] == "first"


def test_files_in_out_dir_are_there_afterwards(shared: Jobs) -> None:
    code = "import offstage, os\nopen(os.path.join(offstage.out_dir, 'a.txt'), 'w').write('hello')\noffstage.result = str(offstage.out_dir)"
    folder = json.loads(shared.ok("run", shared.script(code)))
    assert Path(folder, "a.txt").read_text() == "hello"


def test_progress_and_message_are_seen_while_it_runs_and_afterwards(shared: Jobs) -> None:
    job = shared.submit("import offstage, time\noffstage.progress(0.25, 'a quarter')\ntime.sleep(1.5)\noffstage.progress(0.75, 'nearly')")
    seen = shared.wait_state(job, "RUNNING")
    deadline = time.monotonic() + 20
    while seen["progress"] != 0.25 and time.monotonic() < deadline:
        seen = shared.show(job)
    assert (seen["progress"], seen["message"]) == (0.25, "a quarter")
    assert shared.run("wait", job).returncode == 0
    assert shared.show(job)["message"] == "nearly"


def test_output_that_is_not_utf_8_survives(shared: Jobs) -> None:
    job = shared.submit("import os\nos.write(1, b'\\xff\\xfe raw \\x00 bytes\\n')")
    assert shared.run("wait", job).returncode == 0
    assert shared.daemon.offstage_bytes("logs", job).stdout == b"\xff\xfe raw \x00 bytes\n"


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
def test_a_process_that_dies_by_a_signal_has_crashed(shared: Jobs, number: signal.Signals) -> None:
    done = shared.run("run", shared.script(f"import os\nprint('last words', flush=True)\nos.kill(os.getpid(), {int(number)})"), "--json")
    assert done.returncode == 1
    seen = json.loads(done.stdout)
    assert (seen["state"], seen["reason"]) == ("FAILED", "CRASHED")
    assert number.name in seen["error"]["message"]
    assert "last words" in json.dumps(seen["error"])


def test_a_process_that_ends_without_an_outcome_has_crashed(shared: Jobs) -> None:
    done = shared.run("run", shared.script("import os\nos._exit(0)"), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["reason"] == "CRASHED"


def test_a_result_that_is_no_value_fails_and_says_so(shared: Jobs) -> None:
    done = shared.run("run", shared.script("import offstage\noffstage.result = object()"), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["reason"] == "RESULT_INVALID"


def test_each_job_has_a_process_of_its_own(shared: Jobs) -> None:
    pids = {shared.ok("run", shared.script("import offstage, os\noffstage.result = os.getpid()")) for _ in range(3)}
    assert len(pids) == 3


def test_ids_may_be_shortened_while_unique(shared: Jobs) -> None:
    job = shared.submit("pass")
    assert shared.show(job[:12])["id"] == job


def test_list_is_newest_first_with_limit_and_state(daemon: Jobs) -> None:
    jobs = [daemon.submit("pass", "--name", f"number {i}") for i in range(3)]
    for job in jobs:
        daemon.wait_end(job)
    failed = daemon.submit("1/0")
    daemon.wait_end(failed)
    assert [row["id"] for row in daemon.json("list")] == [failed, *reversed(jobs)]
    assert [row["id"] for row in daemon.json("list", "--limit", "2")] == [failed, jobs[2]]
    assert [row["id"] for row in daemon.json("list", "--state", "SUCCEEDED")] == list(reversed(jobs))


def test_result_prints_the_result_alone(shared: Jobs) -> None:
    job = shared.submit("import offstage\noffstage.result = {'k': 1}")
    shared.wait_end(job)
    assert json.loads(shared.ok("result", job)) == {"k": 1}


def test_delete_forgets_a_job_and_its_files(shared: Jobs) -> None:
    job = shared.submit("import offstage\noffstage.result = str(offstage.out_dir)")
    folder = shared.wait_state(job, "SUCCEEDED")["result"]
    shared.ok("delete", job)
    assert shared.run("show", job).returncode == 4
    wait_for(lambda: not Path(folder).exists())
