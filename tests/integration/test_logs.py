# SPDX-License-Identifier: Apache-2.0
"""Logs: whole, live, harmless."""
from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import subprocess
import time

from support.harness import wait_for
from support.jobs import Jobs


def test_a_followed_log_ends_with_its_job(shared: Jobs) -> None:
    job, gate = shared.gated()
    following = shared.popen("logs", "-f", job)
    gate.touch()
    out, err = following.communicate(timeout=30)
    assert following.returncode == 0, err
    assert out == shared.ok("logs", job) and out.startswith("begun\n") and out.endswith("the end\n")


def test_lines_come_while_the_job_runs(shared: Jobs) -> None:
    job, gate = shared.gated()
    following = shared.popen("logs", "-f", job)
    assert following.stdout is not None
    assert select.select([following.stdout], [], [], 20)[0], "nothing came although the job prints"
    assert following.stdout.readline() == "begun\n"
    assert shared.state(job) == "RUNNING"
    gate.touch()
    following.communicate(timeout=30)


def test_following_a_job_that_is_queued_waits_for_it(make_daemon) -> None:
    jobs = make_daemon("slots = 1\n")
    jobs.daemon.start()
    _, gate = jobs.gated()
    queued = jobs.submit("print('my turn')")
    following = jobs.popen("logs", "-f", queued)
    time.sleep(0.5)
    gate.touch()
    out, err = following.communicate(timeout=30)
    assert following.returncode == 0, err
    assert out == "my turn\n"


def test_20000_lines_do_not_hold_up_the_job(shared: Jobs) -> None:
    job = shared.submit("for n in range(20000): print('line', n)")
    assert shared.wait_end(job)["state"] == "SUCCEEDED"
    assert shared.ok("logs", job).splitlines() == [f"line {n}" for n in range(20000)]


def test_standard_error_and_the_c_side_are_in_the_log_in_order(shared: Jobs) -> None:
    code = "import ctypes, os, sys\nprint('one')\nprint('two', file=sys.stderr)\nctypes.CDLL(None).puts(b'three')\nprint('four')\nos.system('echo five')"
    job = shared.submit(code)
    assert shared.wait_end(job)["state"] == "SUCCEEDED"
    assert shared.ok("logs", job).split() == ["one", "two", "three", "four", "five"]


def test_the_log_of_a_crashed_job_has_its_last_words(shared: Jobs) -> None:
    job = shared.submit("import os\nprint('last words')\nos.kill(os.getpid(), 9)")
    assert shared.wait_end(job)["state"] == "FAILED"
    assert shared.ok("logs", job) == "last words\n"


def test_terminal_escapes_of_a_script_are_made_harmless_on_a_terminal(shared: Jobs) -> None:
    path = shared.script("print('\\x1b]0;owned\\x07\\x1b[2J harmless')\nraise ValueError('\\x1b]0;again\\x07')")
    ours, theirs = pty.openpty()
    running = subprocess.Popen([shared.daemon.cli, "run", str(path)], env=shared.daemon.env, stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL)
    os.close(theirs)
    seen = b""
    with contextlib.suppress(OSError):    # EIO: the other side is closed
        while data := os.read(ours, 65536): seen += data
    os.close(ours)
    assert running.wait(30) == 1
    assert b"harmless" in seen and b"again" in seen
    assert b"\x1b]" not in seen and b"\x1b[2J" not in seen and b"\x07" not in seen


def test_watch_shows_the_job_until_it_ends(shared: Jobs) -> None:
    job, gate = shared.gated()
    watching = shared.popen("watch", job, "--json")
    time.sleep(0.3)
    gate.touch()
    out, err = watching.communicate(timeout=30)
    assert watching.returncode == 0, err
    assert "RUNNING" in out and "SUCCEEDED" in out


def test_status_counts_jobs_and_names_the_daemon(shared: Jobs) -> None:
    job, gate = shared.gated()
    seen = shared.json("status")
    assert seen["pid"] > 0 and seen["version"]
    gate.touch()
    shared.wait_end(job)


def test_doctor_finds_nothing_wrong_with_a_daemon_that_works(shared: Jobs) -> None:
    assert shared.run("doctor").returncode == 0


def test_daemon_logs_has_a_line_for_each_change_with_its_id(daemon: Jobs) -> None:
    job = daemon.submit("pass")
    daemon.wait_end(job)
    wait_for(lambda: job in daemon.ok("daemon", "logs"))


def test_blenders_tells_whether_each_one_forks(shared: Jobs) -> None:
    rows = shared.json("blenders")
    assert rows and {"name", "version", "path", "fork", "reason"} <= set(rows[0])
    assert rows[0]["fork"] in ("proven", "pending", "refused")


def test_a_log_without_end_keeps_its_begin_and_its_end_and_says_what_is_missing(make_daemon) -> None:
    jobs = make_daemon("slots = 4\nlog_bytes = \"1MiB\"\n")
    jobs.daemon.start()
    assert "given back" in jobs.json("status")["enforcement"]["log"]
    lines = 500_000
    job = jobs.submit(f"for n in range({lines}): print(f'line {{n:09}}')")
    neighbour = jobs.submit("print('still here')")
    assert jobs.wait_end(neighbour)["state"] == "SUCCEEDED"
    assert jobs.wait_end(job)["state"] == "SUCCEEDED"
    done = jobs.run("logs", job)
    assert done.stdout.startswith("line 000000000\nline 000000001\n") and done.stdout.endswith(f"line {lines - 1:09}\n")
    dropped = re.search(r"(\d+) bytes of the log were dropped", done.stderr)
    assert dropped and int(dropped[1]) + len(done.stdout) == 15 * lines
    assert len(done.stdout) <= (1 << 20) + (1 << 18)
