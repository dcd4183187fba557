# SPDX-License-Identifier: Apache-2.0
"""What an exception means beyond the script's own fault, and whose SIGKILL it was."""

import errno
import os
import resource
from pathlib import Path

import pytest
from offstage_worker import causes, oom
from wire_host import Host, Keeper, read_record

LIMIT = 1 << 30
no_own_limit = pytest.mark.skipif(causes.memory_is_limited(0), reason="whoever runs the tests has set a limit of memory")


def full(path: str) -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


def test_no_memory_under_a_limit_is_out_of_memory():
    assert causes.cause(MemoryError(), LIMIT)["reason"] == "OUT_OF_MEMORY"


@no_own_limit
def test_no_memory_without_a_limit_is_the_script_s_own_error():
    assert causes.cause(MemoryError(), 0) is None


@no_own_limit
def test_a_limit_of_whoever_started_the_daemon_counts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(resource, "getrlimit", lambda which: (LIMIT, LIMIT) if which == resource.RLIMIT_DATA else (resource.RLIM_INFINITY,) * 2)
    assert causes.memory_is_limited(0)


def test_a_full_disk_is_named_by_the_file_and_says_what_to_do():
    told = causes.cause(full("/renders/a.exr"), 0)
    assert told["reason"] == "DISK_FULL" and "/renders/a.exr" in told["message"] and "/renders/a.exr" in told["hint"]


def test_a_full_disk_is_seen_behind_another_exception_and_within_blender_s_words():
    error = ValueError("cannot save")
    error.__cause__ = full("x")
    assert causes.cause(error, 0)["reason"] == "DISK_FULL"
    told = causes.cause(RuntimeError("Error: Render error (No space left on device) cannot save: '/x/0001.png'\n"), 0)
    assert told["reason"] == "DISK_FULL" and "\n" not in told["message"]


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "Permission denied", "x"), RuntimeError("no camera"), ValueError("No space left on device"), None])
def test_other_errors_are_the_script_s_own(error: BaseException | None):
    assert causes.cause(error, LIMIT) is None


@pytest.mark.parametrize(("text", "says"), [
    ("offstage.result = 1", "begin the script with: import offstage"),
    ("bpy.data", "begin the script with: import bpy"),
    ("factor * 2", "--param factor=JSON"),
    ("def f():\n    print(x)\n    x = 1\nf()", "look at the line"),
    ("import numpi.linalg", "has no numpi: --python-path"),
    ("raise RuntimeError('Operator bpy.ops.mesh.subdivide.poll() failed, context is incorrect')", "temp_override"),
    ("1 / 0", "look at the line"),
])
def test_what_to_do_about_an_error_of_the_script_is_told(text: str, says: str):
    with pytest.raises(Exception) as raised:
        exec(text, {})
    assert says in causes.advice(raised.value)


def test_a_print_that_finds_no_room_for_the_log_is_a_full_disk(keeper: Keeper):
    outcome = keeper.fork().start("import os, sys\nos.dup2(os.open('/dev/full', os.O_WRONLY), 1)\nos.dup2(1, 2)\nprint('lost')").outcome()
    assert (outcome["state"], outcome["reason"]) == ("failed", "DISK_FULL") and outcome["error"]["type"] == "OSError"


def test_a_script_that_closed_its_error_stream_still_has_its_traceback_in_the_outcome(keeper: Keeper):
    outcome = keeper.fork().start("import sys\nsys.stderr.close()\nraise ValueError('seen')").outcome()
    assert outcome["reason"] == "SCRIPT_ERROR" and "ValueError: seen" in outcome["error"]["traceback"]


def test_where_not_even_the_outcome_has_room_the_page_says_so(keeper: Keeper):
    code = """
import errno, os
from offstage_worker import records
def full(*_): raise OSError(errno.ENOSPC, "No space left on device", "outcome.tmp")
records.write = full
"""
    worker = keeper.fork().start(code)
    record = worker.end(30)
    assert record["exit_code"] == 1 and worker.page()[32] == 4 and not (worker.folder / "outcome").exists()


# ---- whose SIGKILL ----


def machine(root: Path, cgroup: str, files: dict[str, str]) -> oom.Kills:
    for path, text in {"proc/self/cgroup": cgroup, **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return oom.Kills(str(root))


def test_the_kernel_s_count_is_that_of_the_own_cgroup(tmp_path: Path):
    new = {"sys/fs/cgroup/user/a/memory.events": "low 0\noom 9\noom_kill 3\noom_group_kill 7\n", "proc/vmstat": "oom_kill 8\n"}
    old = {"sys/fs/cgroup/memory/b/memory.oom_control": "under_oom 0\noom_kill 5\n", "proc/vmstat": "oom_kill 8\n"}
    assert machine(tmp_path / "2", "0::/user/a\n", new).count() == 3
    assert machine(tmp_path / "1", "4:cpu,memory:/b\n0::/\n", old).count() == 5


def test_without_a_cgroup_s_count_it_is_the_machine_s_and_without_any_it_is_nothing(tmp_path: Path):
    assert machine(tmp_path / "root", "0::/\n", {"proc/vmstat": "nr_free_pages 1\noom_kill 8\n"}).count() == 8
    assert machine(tmp_path / "none", "0::/\n", {}).count() == 0


@pytest.mark.parametrize("grows", [True, False])
def test_a_sigkill_is_the_kernel_s_only_if_its_count_grew_meanwhile(host: Host, fake, tmp_path: Path, grows: bool):
    count = tmp_path / "count"
    count.write_text("oom_kill 41\n")
    keeper = host.keeper(fake, env={"FAKE_BLENDER": f"oom_count={count}"})
    worker = keeper.fork().wait("idle")
    keeper.say("limits", worker, memory_bytes=0, deadline_s=None)
    keeper.fork().wait("idle")           # it takes one message after the other: now it has counted
    worker.start("import time\nprint('begun', flush=True)\ntime.sleep(600)")
    host.until(lambda: "begun" in worker.log, 30, "the script")
    if grows:
        count.write_text("oom_kill 42\n")
    os.kill(worker.hello["pid"], 9)
    record = worker.end(30)
    assert (record["signal"], record["killed_by"]) == (9, "oom" if grows else "")
    assert read_record(worker.folder / "exit")["versions"]["blender"] == "4.9.0"
