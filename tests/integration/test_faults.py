# SPDX-License-Identifier: Apache-2.0
"""A Blender that misbehaves: the daemon goes on, jobs get a clear end, and nothing is left. What it does wrong: tests/support/fake_faults.py."""
from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.harness import wait_for
from support.jobs import Jobs


def misbehaving(make_daemon: Callable[..., Jobs], words: str) -> Jobs:
    jobs = make_daemon(env={"FAKE_BLENDER": words})
    jobs.daemon.start()
    return jobs


@pytest.mark.parametrize("words", ["lie_in_hello", "lie_in_nonce", "die_in_frame", "huge_frame", "garbage"])
def test_a_blender_that_never_gets_ready_fails_the_job_and_not_the_daemon(make_daemon: Callable[..., Jobs], words: str) -> None:
    jobs = misbehaving(make_daemon, words)
    done = jobs.run("run", jobs.script("pass"), "--isolation", "process", "--json", timeout=180)
    assert done.returncode == 1, done.stderr
    seen = json.loads(done.stdout)
    assert (seen["state"], seen["reason"]) == ("FAILED", "BLENDER_UNAVAILABLE")
    assert seen["error"]["message"]
    assert jobs.json("status")["pid"] == jobs.daemon.pid
    jobs.ok("daemon", "stop", "--now")
    assert jobs.daemon.processes() == []


def test_a_blender_that_crashes_at_its_start_is_listed_with_the_reason_and_not_used(make_daemon: Callable[..., Jobs]) -> None:
    jobs = misbehaving(make_daemon, "crash_at_start")
    done = jobs.run("run", jobs.script("pass"), timeout=120)
    assert done.returncode == 2 and "no Blender that works" in done.stderr
    rows = jobs.json("blenders")
    assert rows and "signal 11" in rows[0]["error"]


def test_a_worker_that_dies_before_the_script_has_begun_costs_no_attempt(make_daemon: Callable[..., Jobs]) -> None:
    jobs = misbehaving(make_daemon, "die_in_prepare")
    job = jobs.submit("pass", "--isolation", "process")
    seen = jobs.wait_state(job, "FAILED", patience=180)
    assert seen["reason"] in ("BLENDER_UNAVAILABLE", "LOST", "CRASHED") and len(seen["attempts"]) <= 1


@pytest.mark.parametrize("words", ["unfit", "refuse_proof"])
def test_where_the_fork_is_refused_jobs_run_cold_and_it_says_why(make_daemon: Callable[..., Jobs], words: str) -> None:
    jobs = misbehaving(make_daemon, words)
    refused = wait_for(lambda: next((row for row in jobs.json("blenders") if row["fork"] == "refused"), None), 120)
    assert refused["reason"]
    ran = json.loads(jobs.ok("run", jobs.script("pass"), "--json", timeout=120))
    assert ran["attempts"][0]["isolation"] == "PROCESS"
    demanded = jobs.run("run", jobs.script("pass"), "--isolation", "fork")
    assert demanded.returncode == 2 and "fork" in demanded.stderr


def test_a_zygote_without_processes_to_give_is_no_end(make_daemon: Callable[..., Jobs]) -> None:
    jobs = misbehaving(make_daemon, "fork_fails")
    assert jobs.ok("run", jobs.script("pass"), timeout=180) == "null\n"


@pytest.mark.parametrize("code", [
    "import os\nos.write(1, b'x' * (50 << 20))",
    "import sys\nsys.stdout.write('y' * (20 << 20))",
], ids=["from c", "from python"])
def test_a_flood_of_output_is_only_a_long_log(shared: Jobs, code: str) -> None:
    job = shared.submit(code)
    assert shared.wait_end(job)["state"] == "SUCCEEDED"
    assert len(shared.daemon.offstage_bytes("logs", job).stdout) > 1000


def test_a_result_that_is_too_large_fails_and_says_so(shared: Jobs) -> None:
    done = shared.run("run", shared.script("import offstage\noffstage.result = 'x' * (64 << 20)"), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["reason"] == "RESULT_INVALID"


def test_a_script_that_spoils_its_own_folder_is_told_as_a_failure(shared: Jobs) -> None:
    code = "import offstage, os, pathlib, shutil\nfolder = pathlib.Path(offstage.out_dir).parent\nshutil.rmtree(folder)\noffstage.result = 1"
    done = shared.run("run", shared.script(code), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["state"] == "FAILED"


def test_a_script_that_forges_an_outcome_s_place_with_a_link_writes_nothing_elsewhere(shared: Jobs, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("precious")
    code = f"import offstage, os, pathlib\nos.symlink({str(target)!r}, pathlib.Path(offstage.out_dir).parent / 'outcome.tmp')\noffstage.result = 1"
    shared.run("run", shared.script(code))
    assert target.read_text() == "precious"


def test_a_script_that_closes_every_descriptor_still_ends(shared: Jobs) -> None:
    job = shared.submit("import os\nos.closerange(0, 1000)")
    assert shared.wait_end(job)["state"] in ("SUCCEEDED", "FAILED")


def test_a_script_that_stops_itself_is_ended_by_its_timeout(shared: Jobs) -> None:
    job = shared.submit("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", "--timeout", "1s")
    assert shared.run("wait", job).returncode == 124


def test_the_daemon_knows_nothing_of_a_worker_s_parent_death(shared: Jobs) -> None:
    pid = shared.daemon.pid
    for _ in range(3): assert shared.run("run", shared.script("import os\nos.kill(os.getppid(), 9)\nimport time\ntime.sleep(0.2)")).returncode == 0
    assert shared.daemon.pid == pid and os.path.exists(f"/proc/{pid}")
