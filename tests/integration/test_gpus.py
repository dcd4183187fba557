# SPDX-License-Identifier: Apache-2.0
"""GPUs of a job: seen by it alone, for as long as anything of it runs. The fake Blender's Cycles believes in what CUDA_VISIBLE_DEVICES names."""
from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import CONFIG
from support.harness import Daemon, alive, wait_for
from support.jobs import Jobs

NAMES = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "ONEAPI_DEVICE_SELECTOR", "ZE_AFFINITY_MASK")
LOOK = f"""
import bpy, offstage, os
cycles = bpy.context.preferences.addons["cycles"].preferences
offstage.result = dict(seen={{name: os.environ.get(name) for name in {NAMES}}}, at_start=os.environ["FAKE_SAW"], compute=cycles.compute_device_type,
                       used=[each.id for each in cycles.devices if each.use])
"""
HIDDEN = dict(zip(NAMES, ("-1", "-1", "-1", "!*:*", "65535"), strict=True))


@pytest.fixture
def make(make_daemon: Callable[..., Jobs]) -> Callable[[str], Jobs]:
    def start(gpus: str) -> Jobs:
        jobs = make_daemon(f'slots = 8\ngpus = "{gpus}"\n')
        jobs.daemon.start()
        return jobs

    return start


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    folder = tmp_path_factory.mktemp("gpus")
    with Daemon(folder / "daemon", CONFIG + 'slots = 8\ngpus = "3,5"\n') as daemon:
        yield Jobs(daemon, folder)


def given(jobs: Jobs, job: str) -> list[str]:
    return jobs.show(job)["attempts"][-1]["gpus"]


@pytest.mark.parametrize("isolation", ["fork", "process"])
def test_none_is_seen_by_who_asks_for_none_whatever_the_daemon_sees(make_daemon: Callable[..., Jobs], isolation: str) -> None:
    jobs = make_daemon('slots = 2\ngpus = "0"\n', env={"CUDA_VISIBLE_DEVICES": "0", "ZE_AFFINITY_MASK": "0"})
    jobs.daemon.start()
    told = json.loads(jobs.ok("run", jobs.script(LOOK), "--isolation", isolation))
    assert told["seen"] == HIDDEN and told["at_start"] == "-1" and told["compute"] == "NONE" and told["used"] == []


def test_a_job_has_those_that_it_is_given_from_before_its_blender_starts(two: Jobs) -> None:
    told = json.loads(two.ok("run", two.script(LOOK), "--gpus", "2"))
    assert told["seen"] == {"CUDA_VISIBLE_DEVICES": "3,5", "ROCR_VISIBLE_DEVICES": "3,5", "HIP_VISIBLE_DEVICES": "0,1", "ZE_AFFINITY_MASK": "3,5",
                            "ONEAPI_DEVICE_SELECTOR": "level_zero:*"}
    assert told["at_start"] == "3,5" and told["compute"] == "CUDA" and told["used"] == ["3", "5"]
    job = two.submit(LOOK, "--gpus", "1", "--compute", "none")
    seen = two.wait_end(job)
    assert seen["result"]["compute"] == "NONE" and seen["result"]["at_start"] in ("3", "5") and [seen["result"]["at_start"]] == given(two, job)
    assert seen["attempts"][0]["isolation"] == "PROCESS"


def test_a_wrapper_does_not_make_others_visible(two: Jobs) -> None:
    told = json.loads(two.ok("run", two.script(LOOK), "--gpus", "2", "--wrapper", "env CUDA_VISIBLE_DEVICES=7"))
    assert told["seen"]["CUDA_VISIBLE_DEVICES"] == told["at_start"] == "3,5"
    for isolation in ("fork", "process"):
        told = json.loads(two.ok("run", two.script(LOOK), "--isolation", isolation, "--wrapper", "env CUDA_VISIBLE_DEVICES=7"))
        assert told["seen"] == HIDDEN


@pytest.mark.parametrize(("compute", "says"), [("hip", "HIP sees none of the 1 GPUs"), ("optix", "was built without OPTIX")])
def test_a_backend_without_the_device_fails_the_job_and_not_its_speed(two: Jobs, compute: str, says: str) -> None:
    seen = two.wait_end(two.submit("print('ran')", "--gpus", "1", "--compute", compute))
    assert seen["reason"] == "BLENDER_UNAVAILABLE" and says in seen["error"]["message"]


def test_fewer_devices_than_given_are_an_error_too(make: Callable[[str], Jobs]) -> None:
    jobs = make("0,broken")
    seen = jobs.wait_end(jobs.submit("pass", "--gpus", "2"))
    assert seen["reason"] == "BLENDER_UNAVAILABLE" and "CUDA sees 1 of the 2 GPUs" in seen["error"]["message"]


def test_what_cannot_be_is_refused(two: Jobs) -> None:
    for options, says in ((["--gpus", "3"], "asks for 3 GPUs, and this node has 2"), (["--compute", "cuda"], "no GPU"),
                          (["--gpus", "1", "--isolation", "fork"], "cannot be forked"),
                          (["--env", "CUDA_VISIBLE_DEVICES=0"], "CUDA_VISIBLE_DEVICES may not be set"),
                          (["--gpus", "1", "--compute", "metall"], "no such backend"), (["--gpus", "x"], "not a whole number")):
        done = two.run("submit", two.script("pass"), *options)
        assert done.returncode != 0 and says in done.stderr, done.stderr


def test_no_two_processes_ever_have_the_same_one(two: Jobs, tmp_path: Path) -> None:
    hold = f"""
import os, time
for gpu in os.environ["CUDA_VISIBLE_DEVICES"].split(","):
    os.close(os.open({str(tmp_path)!r} + "/" + gpu, os.O_CREAT | os.O_EXCL))
time.sleep(0.05)
for gpu in os.environ["CUDA_VISIBLE_DEVICES"].split(","):
    os.unlink({str(tmp_path)!r} + "/" + gpu)
"""
    jobs = [two.submit(hold, "--gpus", "2" if n % 3 == 0 else "1") for n in range(12)]
    assert {two.wait_end(job, 120)["state"] for job in jobs} == {"SUCCEEDED"}


def test_one_that_waits_lets_those_pass_that_want_none(two: Jobs) -> None:
    first, gate = two.gated("--gpus", "2")
    waits = two.submit("pass", "--gpus", "1")
    two.ok("run", two.script("pass"))
    assert two.state(waits) == "QUEUED"
    gate.touch()
    assert two.wait_end(waits)["state"] == two.wait_end(first)["state"] == "SUCCEEDED"


def test_a_cancelled_job_gives_them_back_when_it_is_dead(make: Callable[[str], Jobs]) -> None:
    jobs = make("0")
    job, _ = jobs.gated("--gpus", "1")
    worker = jobs.worker(job)
    waits = jobs.submit(LOOK, "--gpus", "1")
    jobs.ok("cancel", job)
    assert jobs.wait_end(waits)["result"]["at_start"] == "0" and not alive(worker)


def test_kill_9_of_the_daemon_and_it_is_still_known_who_has_which(make: Callable[[str], Jobs]) -> None:
    jobs = make("0,1")
    job, gate = jobs.gated("--gpus", "1")
    worker, first = jobs.worker(job), given(jobs, job)
    jobs.daemon.kill()
    jobs.daemon.start()
    assert jobs.worker(job) == worker and given(jobs, job) == first
    both, one = jobs.submit("pass", "--gpus", "2"), jobs.submit(LOOK, "--gpus", "1", "--priority", "1")
    assert jobs.wait_end(one)["result"]["at_start"] not in first
    assert jobs.state(both) == "QUEUED"
    gate.touch()
    assert jobs.wait_end(both)["state"] == jobs.wait_end(job)["state"] == "SUCCEEDED"


def test_a_blender_that_dies_at_its_start_is_told_and_gives_them_back(make: Callable[[str], Jobs]) -> None:
    jobs = make("0")
    job = jobs.submit("pass", "--gpus", "1", "--wrapper", "env FAKE_BLENDER=crash_at_start")
    seen = jobs.wait_end(job)
    assert seen["reason"] == "BLENDER_UNAVAILABLE" and "5 workers in a row" in seen["error"]["message"] and "signal 11" in seen["error"]["message"]
    assert jobs.wait_end(jobs.submit("pass", "--gpus", "1"))["state"] == "SUCCEEDED"


def test_a_memory_limit_does_not_count_the_blender_itself(two: Jobs) -> None:
    limit = ["--gpus", "1", "--memory", "100MiB"]
    grow = "held = []\nwhile len(held) < %d:\n    held.append(b'x' * (1 << 20))\n    __import__('time').sleep(0.005)\n"
    assert two.wait_end(two.submit(grow % 50, *limit))["state"] == "SUCCEEDED"
    assert two.wait_end(two.submit(grow % 2000, *limit))["reason"] == "OUT_OF_MEMORY"


def test_a_daemon_with_fewer_says_so_to_those_that_wait(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon('slots = 2\ngpus = "0,1"\n')
    jobs.daemon.start()
    job = jobs.submit("pass", "--gpus", "2", "--hold")
    jobs.ok("daemon", "stop")
    jobs.daemon.config.write_text(jobs.daemon.config.read_text().replace("0,1", "0"))
    jobs.daemon.start()
    jobs.ok("release", job)
    seen = jobs.wait_end(job)
    assert seen["reason"] == "BLENDER_UNAVAILABLE" and "asks for 2 GPUs, and this node has 1 now" in seen["error"]["message"]


def test_a_keeper_that_dies_takes_no_gpu_with_it(make: Callable[[str], Jobs]) -> None:
    jobs = make("0")
    job, gate = jobs.gated("--gpus", "1")
    worker = jobs.worker(job)
    parent = int(Path(f"/proc/{worker}/stat").read_text().rsplit(")", 1)[1].split()[1])
    os.kill(parent, signal.SIGKILL)
    waits = jobs.submit("pass", "--gpus", "1")
    assert jobs.state(waits) == "QUEUED" and alive(worker)
    gate.touch()
    wait_for(lambda: jobs.state(waits) == "SUCCEEDED")
