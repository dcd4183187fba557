# SPDX-License-Identifier: Apache-2.0
"""A restart loses nothing: kill -9, stop, stop --now and re-exec of the daemon, with jobs in every state."""
from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.harness import alive, wait_for
from support.jobs import Jobs


def log_is_whole(jobs: Jobs, job: str, count: int) -> None:
    lines = jobs.ok("logs", job).splitlines()
    assert lines[0] == "begun" and lines[-1] == "the end"
    assert lines[1:-1] == [f"line {n}" for n in range(1, count + 1)]


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def test_kill_9_of_the_daemon_and_the_job_goes_on(daemon: Jobs) -> None:
    job, gate = daemon.gated()
    worker = daemon.worker(job)
    daemon.daemon.kill()
    time.sleep(0.3)
    assert alive(worker)
    daemon.daemon.start()
    assert daemon.state(job) == "RUNNING" and daemon.worker(job) == worker
    gate.touch()
    seen = daemon.wait_state(job, "SUCCEEDED")
    assert len(seen["attempts"]) == 1
    log_is_whole(daemon, job, seen["result"])


def test_a_job_that_ends_while_no_daemon_is_there_has_its_result(daemon: Jobs) -> None:
    job, gate = daemon.gated()
    worker = daemon.worker(job)
    daemon.daemon.kill()
    gate.touch()
    wait_for(lambda: not alive(worker))
    daemon.daemon.start()
    seen = daemon.wait_state(job, "SUCCEEDED")
    log_is_whole(daemon, job, seen["result"])


def test_a_job_that_crashes_while_no_daemon_is_there_is_told_as_it_was(daemon: Jobs) -> None:
    job, _ = daemon.gated()
    worker = daemon.worker(job)
    daemon.daemon.kill()
    os.kill(worker, signal.SIGSEGV)
    wait_for(lambda: not alive(worker))
    daemon.daemon.start()
    seen = daemon.wait_state(job, "FAILED")
    assert seen["reason"] == "CRASHED" and "SIGSEGV" in seen["error"]["message"]


def test_what_died_with_daemon_and_keeper_is_lost_and_nothing_of_it_is_left(daemon: Jobs) -> None:
    job, _ = daemon.gated()
    worker = daemon.worker(job)
    keeper = parent(worker)
    daemon.daemon.kill()
    os.kill(keeper, signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: not alive(keeper) and not alive(worker))
    daemon.daemon.start()
    seen = daemon.wait_state(job, "FAILED")
    assert seen["reason"] == "LOST"


def test_a_worker_whose_daemon_and_keeper_died_is_adopted_all_the_same(daemon: Jobs) -> None:
    job, gate = daemon.gated()
    worker = daemon.worker(job)
    keeper = parent(worker)
    daemon.daemon.kill()
    os.kill(keeper, signal.SIGKILL)
    wait_for(lambda: not alive(keeper))
    daemon.daemon.start()
    gate.touch()
    log_is_whole(daemon, job, daemon.wait_state(job, "SUCCEEDED")["result"])


def test_queued_and_held_jobs_are_there_after_a_kill(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon("slots = 1\n")
    jobs.daemon.start()
    running, gate = jobs.gated()
    queued = [jobs.submit(f"import offstage\noffstage.result = {n}") for n in range(5)]
    held = jobs.submit("pass", "--hold")
    jobs.daemon.kill()
    jobs.daemon.start()
    assert [jobs.state(job) for job in queued] == ["QUEUED"] * 5
    gate.touch()
    assert jobs.wait_end(running)["state"] == "SUCCEEDED"
    assert [jobs.wait_state(job, "SUCCEEDED")["result"] for job in queued] == list(range(5))
    assert jobs.state(held) == "HELD"


def test_a_cancel_that_was_asked_before_the_kill_holds_after_it(daemon: Jobs) -> None:
    job = daemon.submit("import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('begun', flush=True)\nwhile True: time.sleep(1)")
    wait_for(lambda: "begun" in daemon.ok("logs", job))
    worker = daemon.worker(job)
    daemon.ok("cancel", job)
    daemon.daemon.kill()
    daemon.daemon.start()
    assert daemon.wait_end(job)["state"] == "CANCELLED"
    assert not alive(worker)


def test_a_client_that_follows_the_log_resumes_by_itself(daemon: Jobs) -> None:
    job, gate = daemon.gated()
    following = daemon.popen("logs", "-f", job)
    time.sleep(0.5)
    daemon.daemon.kill()
    time.sleep(0.5)
    daemon.daemon.start()
    gate.touch()
    out, err = following.communicate(timeout=60)
    assert following.returncode == 0, err
    assert out == daemon.ok("logs", job) and out.endswith("the end\n")


def test_a_client_that_waits_resumes_by_itself(daemon: Jobs) -> None:
    job, gate = daemon.gated()
    waiting = daemon.popen("wait", job)
    time.sleep(0.3)
    daemon.daemon.kill()
    daemon.daemon.start()
    gate.touch()
    _, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, err


@pytest.mark.parametrize("pause", [0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2])
@pytest.mark.parametrize("command", ["submit", "run", "cancel", "list", "delete"])
def test_the_daemon_killed_in_the_middle_of_a_command_loses_nothing(daemon: Jobs, command: str, pause: float) -> None:
    ended = daemon.submit("pass")
    daemon.wait_end(ended)
    pid = daemon.daemon.pid
    args = {"submit": ["submit", daemon.script("pass")], "run": ["run", daemon.script("import offstage\noffstage.result = 1")], "cancel": ["cancel", ended],
            "list": ["list", "--json"], "delete": ["delete", ended]}[command]
    acting = daemon.popen(*args)
    time.sleep(pause)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not alive(pid))
    daemon.daemon.start()
    out, err = acting.communicate(timeout=60)
    assert acting.returncode in (0, 3), err
    known = {row["id"] for row in daemon.json("list")}
    if acting.returncode == 0 and command == "submit": assert out.strip() in known
    if acting.returncode == 0 and command == "run": assert out == "1\n"
    if acting.returncode == 0 and command == "delete": assert ended not in known
    for job in known: assert daemon.wait_end(job)["state"] == "SUCCEEDED"


def test_sigusr2_starts_the_program_again_in_place_with_the_same_pid(daemon: Jobs) -> None:
    job, gate = daemon.gated()
    worker = daemon.worker(job)
    before = daemon.json("status")
    daemon.daemon.kill(signal.SIGUSR2)

    def after():
        done = daemon.run("status", "--json")
        return done.returncode == 0 and '"instance"' in done.stdout and (found := daemon.json("status"))["instance"] != before["instance"] and found

    assert wait_for(after)["pid"] == before["pid"]
    assert daemon.worker(job) == worker
    gate.touch()
    log_is_whole(daemon, job, daemon.wait_state(job, "SUCCEEDED")["result"])


def test_daemon_restart_keeps_the_pid_and_the_running_job(daemon: Jobs) -> None:
    job, gate = daemon.gated()
    pid = daemon.daemon.pid
    daemon.ok("daemon", "restart")
    assert daemon.daemon.pid == pid
    gate.touch()
    log_is_whole(daemon, job, daemon.wait_state(job, "SUCCEEDED")["result"])
    assert daemon.ok("run", daemon.script("pass")) == "null\n"


def test_ten_restarts_in_a_row_leave_no_descriptors_and_no_processes(daemon: Jobs) -> None:
    daemon.ok("run", daemon.script("pass"))
    pid = daemon.daemon.pid

    def restart() -> int:
        daemon.ok("daemon", "restart")
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))

    first = restart()
    counts = [restart() for _ in range(9)]
    assert max(counts) <= first + 8, counts
    assert daemon.ok("run", daemon.script("pass")) == "null\n"


def test_stop_lets_running_jobs_end_and_refuses_new_ones(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon("slots = 1\n")
    jobs.daemon.start()
    running, gate = jobs.gated()
    queued = jobs.submit("pass")
    pid = jobs.daemon.pid
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: jobs.run("submit", jobs.script("pass")).returncode != 0)
    assert alive(pid), "a job still runs"
    gate.touch()
    wait_for(lambda: not alive(pid))
    assert jobs.daemon.processes() == []
    jobs.daemon.start()
    assert jobs.wait_end(running)["state"] == "SUCCEEDED"
    assert jobs.wait_end(queued)["state"] == "SUCCEEDED"


def test_daemon_stop_returns_when_it_has_ended(daemon: Jobs) -> None:
    daemon.ok("run", daemon.script("pass"))
    pid = daemon.daemon.pid
    daemon.ok("daemon", "stop")
    assert not alive(pid)
    assert daemon.daemon.processes() == []
    assert daemon.run("status").returncode == 3


def test_stop_now_kills_what_runs_and_leaves_no_process(daemon: Jobs) -> None:
    note = daemon.folder / "stray"
    job, _ = daemon.gated()
    stray = daemon.submit(f"import os, signal, time\nif os.fork() == 0:\n    os.setsid()\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                          f"    open({str(note)!r}, 'w').write(str(os.getpid()))\n    while True: time.sleep(1)\ntime.sleep(1000)")
    wait_for(lambda: note.exists() and note.read_text())
    daemon.ok("daemon", "stop", "--now")
    assert daemon.daemon.processes() == []
    assert not alive(int(note.read_text()))
    daemon.daemon.start()
    for each in (job, stray):
        seen = daemon.wait_state(each, "FAILED")
        assert seen["reason"] == "LOST"


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM, signal.SIGTERM]])
def test_sigint_or_a_second_sigterm_ends_it_now(daemon: Jobs, signals: list[signal.Signals]) -> None:
    job, _ = daemon.gated()
    worker, pid = daemon.worker(job), daemon.daemon.pid
    for number in signals:
        os.kill(pid, number)
        time.sleep(0.2)
    wait_for(lambda: not alive(pid))
    assert not alive(worker) and daemon.daemon.processes() == []


def test_the_keeper_killed_and_its_busy_worker_goes_on(daemon: Jobs) -> None:
    job, gate = daemon.gated()
    worker = daemon.worker(job)
    os.kill(parent(worker), signal.SIGKILL)
    time.sleep(0.3)
    assert alive(worker)
    gate.touch()
    log_is_whole(daemon, job, daemon.wait_state(job, "SUCCEEDED")["result"])
    assert daemon.ok("run", daemon.script("pass")) == "null\n"


def test_a_commit_that_fails_ends_the_daemon_and_a_new_one_has_all_that_was_promised(daemon: Jobs) -> None:
    """A file size limit on the process makes its next write fail, as a full disk would."""
    promised = [daemon.submit("pass", "--hold") for _ in range(3)]
    pid = daemon.daemon.pid
    subprocess.run(["prlimit", f"--pid={pid}", "--fsize=4096"], check=True)
    for _ in range(50):
        if daemon.run("submit", daemon.script("pass"), "--hold").returncode == 3: break
        if not alive(pid): break
    wait_for(lambda: not alive(pid))
    daemon.daemon.start()
    assert set(promised) <= {row["id"] for row in daemon.json("list")}
