# SPDX-License-Identifier: Apache-2.0
"""Cancelled means gone: the script is asked first, then its whole tree ends, whatever it does against it."""
from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from support.harness import alive, wait_for
from support.jobs import Jobs

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("begun", flush=True)
while True:
    try:
        time.sleep(1)
    except BaseException as error:
        print("not me", error, flush=True)
"""

ESCAPING = """
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)
        open({note!r} + ".tmp", "w").write(str(os.getpid()))
        os.rename({note!r} + ".tmp", {note!r})
        while True: time.sleep(1)
    os._exit(0)
while not os.path.exists({note!r}): time.sleep(0.01)
{then}
"""


def escaped(jobs: Jobs, then: str) -> tuple[str, int]:
    note = jobs.folder / "grandchild"
    note.unlink(missing_ok=True)
    job = jobs.submit(ESCAPING.format(note=str(note), then=then))
    wait_for(note.exists)
    return job, int(note.read_text())


def test_a_script_that_asks_ends_by_itself(shared: Jobs) -> None:
    job = shared.submit("import offstage, time\nprint('begun', flush=True)\nwhile not offstage.cancelled(): time.sleep(0.01)\nprint('I saw it', flush=True)")
    wait_for(lambda: "begun" in shared.ok("logs", job))
    shared.ok("cancel", job)
    assert shared.run("wait", job).returncode == 130
    assert shared.state(job) == "CANCELLED"
    assert "I saw it" in shared.ok("logs", job)


def test_a_script_that_ignores_every_signal_is_gone_when_it_is_cancelled(shared: Jobs) -> None:
    job = shared.submit(STUBBORN)
    wait_for(lambda: "begun" in shared.ok("logs", job))
    worker = shared.worker(job)
    shared.ok("cancel", job)
    assert shared.state(job) in ("CANCELLING", "CANCELLED")
    assert shared.run("wait", job).returncode == 130
    assert not alive(worker)


def test_a_double_forked_grandchild_in_a_session_of_its_own_is_gone_too(shared: Jobs) -> None:
    job, grandchild = escaped(shared, "time.sleep(1000)")
    assert alive(grandchild)
    shared.ok("cancel", job)
    assert shared.run("wait", job).returncode == 130
    assert not alive(grandchild)


def test_what_a_finished_script_leaves_running_is_ended(shared: Jobs) -> None:
    job, grandchild = escaped(shared, "")
    assert shared.wait_end(job)["state"] == "SUCCEEDED"
    wait_for(lambda: not alive(grandchild))


def test_what_a_crashed_script_leaves_running_is_ended(shared: Jobs) -> None:
    job, grandchild = escaped(shared, "os.kill(os.getpid(), 9)")
    assert shared.wait_end(job)["reason"] == "CRASHED"
    wait_for(lambda: not alive(grandchild))


def test_a_queued_job_is_cancelled_at_once(shared: Jobs) -> None:
    job = shared.submit("pass", "--hold")
    shared.ok("cancel", job)
    assert shared.wait_end(job)["state"] == "CANCELLED"
    assert shared.show(job)["attempts"] == []


def test_ctrl_c_of_run_cancels_its_job(shared: Jobs) -> None:
    path = shared.script("import offstage, time\nprint('begun', flush=True)\nwhile not offstage.cancelled(): time.sleep(0.01)")
    running = shared.popen("run", path, start_new_session=True)
    job = wait_for(lambda: next((row["id"] for row in shared.json("list", "--limit", "5") if row["state"] == "RUNNING"), None))
    wait_for(lambda: "begun" in shared.ok("logs", job))
    os.killpg(running.pid, signal.SIGINT)
    running.communicate(timeout=30)
    assert running.returncode == 130
    assert shared.wait_end(job)["state"] == "CANCELLED"


def test_cancel_twice_is_cancel_once(shared: Jobs) -> None:
    job = shared.submit(STUBBORN)
    wait_for(lambda: "begun" in shared.ok("logs", job))
    shared.ok("cancel", job)
    shared.ok("cancel", job)
    assert shared.run("wait", job).returncode == 130


def test_a_run_timeout_ends_the_whole_tree(shared: Jobs) -> None:
    note = shared.folder / "grandchild"
    job = shared.submit(ESCAPING.format(note=str(note), then="time.sleep(1000)"), "--timeout", "1s")
    assert shared.run("wait", job).returncode == 124
    seen = shared.show(job)
    assert (seen["state"], seen["reason"]) == ("FAILED", "TIMED_OUT")
    assert "run" in seen["error"]["message"]
    assert not alive(int(note.read_text()))


def test_run_exits_with_124_when_it_timed_out(shared: Jobs) -> None:
    assert shared.run("run", shared.script(STUBBORN), "--timeout", "500ms").returncode == 124


def test_a_script_that_is_in_time_is_not_timed_out(shared: Jobs) -> None:
    assert shared.run("run", shared.script("pass"), "--timeout", "1h").returncode == 0


def test_cancelled_jobs_leave_no_temporary_files(shared: Jobs) -> None:
    job = shared.submit("import os, tempfile, time\nprint(os.environ['TMPDIR'], flush=True)\ntempfile.mkdtemp()\ntime.sleep(1000)")
    folder = Path(wait_for(lambda: shared.ok("logs", job)).splitlines()[0])
    shared.ok("cancel", job)
    assert shared.run("wait", job).returncode == 130
    begun = time.monotonic()
    while folder.exists() and time.monotonic() - begun < 20: time.sleep(0.05)
    assert not folder.exists()
