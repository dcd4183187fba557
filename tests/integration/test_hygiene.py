# SPDX-License-Identifier: Apache-2.0
"""When a job is over, nothing of it runs; when the daemon is over, nothing of it is there."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.escapes import WAYS, Escapes
from support.harness import alive, wait_for
from support.jobs import Jobs

CRASHES = 50
ENDINGS = {"it returns": ("", "SUCCEEDED"), "it fails": ("1 / 0", "FAILED"), "it crashes": ("os.kill(os.getpid(), signal.SIGSEGV)", "FAILED"),
           "it is cancelled": ("while True: time.sleep(1)", "CANCELLED"), "it is too late": ("while True: time.sleep(1)", "FAILED")}


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("isolation", ["fork", "process"])
def test_whatever_a_script_leaves_behind_is_gone_when(shared: Jobs, tmp_path: Path, isolation: str, ending: str) -> None:
    escapes = Escapes(tmp_path / "note")
    code, state = ENDINGS[ending]
    job = shared.submit(escapes.script(code), "--isolation", isolation, *(["--timeout", "3s"] if ending == "it is too late" else []))
    made = escapes.await_all()
    assert len(made) == WAYS
    if ending == "it is cancelled":
        assert escapes.left() == [pid for pid, _ in made], "they live until then"
        shared.ok("cancel", job)
    assert shared.wait_end(job)["state"] == state
    wait_for(lambda: not escapes.left())


def test_a_small_fork_bomb_is_cleared_away_and_its_neighbour_goes_on(shared: Jobs, tmp_path: Path) -> None:
    escapes = Escapes(tmp_path / "note")
    neighbour, gate = shared.gated()
    job = shared.submit(escapes.bomb(200))
    assert shared.wait_end(job, 120)["state"] == "SUCCEEDED"
    wait_for(lambda: not escapes.left())
    assert len(escapes.all()) == 400
    assert shared.state(neighbour) == "RUNNING"
    gate.touch()
    assert shared.wait_end(neighbour)["state"] == "SUCCEEDED"


def test_a_process_that_forks_and_ends_again_and_again_is_caught(shared: Jobs, tmp_path: Path) -> None:
    beat = tmp_path / "beat"
    comet = f"""
import os, time
if os.fork() == 0:
    os.setsid()
    while True:
        with open({str(beat)!r}, "a") as file: file.write(".")
        if os.fork() > 0: os._exit(0)
while not os.path.exists({str(beat)!r}) or os.path.getsize({str(beat)!r}) < 20: time.sleep(0.01)
"""
    job = shared.submit(comet)
    assert shared.wait_end(job)["state"] == "SUCCEEDED"

    def stands_still() -> bool:
        size = beat.stat().st_size
        time.sleep(0.5)
        return beat.stat().st_size == size

    wait_for(stands_still)


def test_what_a_script_left_behind_is_gone_although_its_keeper_was_killed(daemon: Jobs, tmp_path: Path) -> None:
    escapes = Escapes(tmp_path / "note")
    gate = tmp_path / "gate"
    job = daemon.submit(escapes.script(f"while not os.path.exists({str(gate)!r}): time.sleep(0.02)"))
    escapes.await_all()
    os.kill(parent(daemon.worker(job)), signal.SIGKILL)
    time.sleep(0.2)
    gate.touch()
    assert daemon.wait_end(job)["state"] == "SUCCEEDED"
    wait_for(lambda: not escapes.left())


def test_what_a_script_left_behind_is_gone_although_all_was_killed_at_once(daemon: Jobs, tmp_path: Path) -> None:
    escapes = Escapes(tmp_path / "note")
    job = daemon.submit(escapes.script("while True: time.sleep(1)"))
    escapes.await_all()
    worker = daemon.worker(job)
    keeper = parent(worker)
    for pid in (daemon.daemon.pid, keeper, worker):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not alive(worker))
    daemon.daemon.start()
    assert daemon.wait_end(job)["reason"] == "LOST"
    wait_for(lambda: len(escapes.left()) <= 1)   # the one that has thrown its environment away is known to nobody: only a cgroup would hold it
    for pid in escapes.left():
        os.kill(pid, signal.SIGKILL)


def test_a_zygote_killed_with_eight_busy_children_costs_none_of_them(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon("slots = 8\n")
    jobs.daemon.start()
    gated = [jobs.gated("--isolation", "fork") for _ in range(8)]
    workers = [jobs.worker(job) for job, _ in gated]
    [zygote] = {parent(worker) for worker in workers}
    os.kill(zygote, signal.SIGKILL)
    wait_for(lambda: not alive(zygote))
    assert all(map(alive, workers))
    for _, gate in gated:
        gate.touch()
    for job, _ in gated:
        seen = jobs.wait_state(job, "SUCCEEDED")
        assert len(seen["attempts"]) == 1
        lines = jobs.ok("logs", job).splitlines()
        assert lines == ["begun", *(f"line {n}" for n in range(1, seen["result"] + 1)), "the end"]
    wait_for(lambda: not any(map(alive, workers)))
    assert jobs.ok("run", jobs.script("pass")) == "null\n"


def test_a_zygote_that_dies_in_the_middle_of_each_fork_reply_loses_no_job(make_daemon: Callable[..., Jobs]) -> None:
    """The child is there, and nobody was told: at each keeper's sixth fork."""
    jobs = make_daemon("slots = 2\n", env={"OFFSTAGE_CRASH_AT": "keeper.after_fork:6"})
    jobs.daemon.start()
    submitted = [jobs.submit(f"import offstage\noffstage.result = {n}", "--isolation", "fork") for n in range(12)]
    seen = [jobs.wait_end(job, 180) for job in submitted]
    assert [job["result"] for job in seen] == list(range(12)) and {len(job["attempts"]) for job in seen} == {1}, seen
    assert "killed by signal 9" in jobs.ok("daemon", "logs", "-n", "100000"), "it did die"
    jobs.ok("daemon", "stop", "--now")
    assert jobs.daemon.processes() == []


def test_the_log_of_a_worker_whose_keeper_was_killed_stays_bounded(make_daemon: Callable[..., Jobs], tmp_path: Path) -> None:
    jobs = make_daemon('slots = 2\nlog_bytes = "1MiB"\n')
    jobs.daemon.start()
    gate = tmp_path / "gate"
    lines = 1_000_000
    job = jobs.submit(f"import pathlib, time\nprint('begun', flush=True)\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)\n"
                      f"for n in range({lines}): print(f'line {{n:09}}')\ntime.sleep(1)")
    wait_for(lambda: "begun" in jobs.run("logs", job).stdout)
    keeper = parent(jobs.worker(job))
    os.kill(keeper, signal.SIGKILL)
    wait_for(lambda: not alive(keeper))
    gate.touch()
    assert jobs.wait_end(job, 120)["state"] == "SUCCEEDED"
    [log] = [path for path in Path(jobs.json("status")["state_dir"]).glob("attempts/*/log") if path.stat().st_size > 1 << 20]
    assert log.stat().st_size == len("begun\n") + 15 * lines, "offsets are true"
    assert log.stat().st_blocks * 512 <= (1 << 20) * 9 // 8 + 8192
    shown = jobs.ok("logs", job)
    assert shown.startswith("begun\nline 000000000\n") and shown.endswith(f"line {lines - 1:09}\n")


def test_two_daemons_started_at_once_are_one_and_the_other_says_so(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon()
    for _ in range(5):
        both = [subprocess.Popen([jobs.daemon.binary], env=jobs.daemon.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
        wait_for(lambda both=both: any(one.poll() is not None for one in both))
        [refused] = [one for one in both if one.poll() is not None]
        [serving] = [one for one in both if one is not refused]
        said = refused.communicate(timeout=30)[0]
        assert refused.returncode != 0 and str(serving.pid) in said, said
        wait_for(lambda: jobs.run("status").returncode == 0)
        assert jobs.daemon.pid == serving.pid
        assert jobs.ok("run", jobs.script("pass")) == "null\n"
        jobs.ok("daemon", "stop")
        serving.communicate(timeout=30)
    assert jobs.daemon.processes() == []


def test_fifty_crashes_in_a_row_leave_nothing(make_daemon: Callable[..., Jobs], tmp_path: Path) -> None:
    temp = tmp_path / "temp"
    temp.mkdir()
    jobs = make_daemon("slots = 4\n", env={"TMPDIR": str(temp)})
    jobs.daemon.start()
    (long, gate), all_jobs = jobs.gated(), []
    worker = jobs.worker(long)
    for n in range(CRASHES):
        all_jobs.append(jobs.submit(f"import offstage, time\ntime.sleep(0.05)\noffstage.result = {n}", "--attempts", "5", "--retry-on", "LOST"))
        jobs.daemon.kill()
        jobs.daemon.start()
    assert jobs.worker(long) == worker
    gate.touch()
    assert jobs.wait_end(long)["state"] == "SUCCEEDED"
    assert [jobs.wait_end(job, 180)["result"] for job in all_jobs] == list(range(CRASHES))
    state = Path(jobs.json("status")["state_dir"])
    attempts = sum(len(jobs.show(job)["attempts"]) for job in [long, *all_jobs])
    jobs.ok("daemon", "stop", "--now")
    assert jobs.daemon.processes() == []
    assert len(list((state / "attempts").iterdir())) == attempts
    assert not list((state / "trash").iterdir())
    assert [path.name for path in (state / "keepers").iterdir() if path.suffix == ".tmp"] == []
    assert list(temp.iterdir()) == [], "each Blender made its session folder where it is cleared away"
    assert [path for path in jobs.daemon.runtime.rglob("*") if path.is_socket()] == []


def test_where_pids_are_used_again_at_once_nobody_is_taken_for_somebody_else(tmp_path: Path) -> None:
    """In a pid namespace whose counter is set back all the time (as the wrap at a small pid_max does): a job lives through it, 100 others come and go, the
    daemon is killed and comes back, and strays are ended."""
    inner = Path(__file__).with_name("pid_reuse.py")
    namespace = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"]
    done = subprocess.run([*namespace, sys.executable, str(inner), str(tmp_path)],
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
