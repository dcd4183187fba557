# SPDX-License-Identifier: Apache-2.0
"""A command around Blender: what it sets is seen by the job, however it fails is said, and nothing of it is left."""
from __future__ import annotations

import json
import os
import shlex
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from support.harness import alive, wait_for
from support.jobs import Jobs

LOOK = "import offstage, os\noffstage.result = os.environ.get('STUDIO')"
EXECS = 'exec "$@"'
RUNS = '"$@"\nexit $?'


class Wrapper:
    """A script in a folder with a blank in its name; notes the number of each process that it was."""

    def __init__(self, folder: Path, text: str) -> None:
        self.path = folder / "my tools" / "wrap.sh"
        self.path.parent.mkdir(exist_ok=True)
        self._note = folder / "wrappers"
        self._note.touch()
        self.path.write_text(f"#!/bin/sh\necho $$ >> {self._note}\n{text}\n")
        self.path.chmod(0o700)

    def pids(self) -> list[int]:
        return [int(line) for line in self._note.read_text().split()]

    def alive(self) -> list[int]:
        return [pid for pid in self.pids() if alive(pid)]

    def options(self, *words: str) -> list[str]:
        return ["--wrapper", shlex.join([str(self.path), *words])]


@pytest.fixture
def patient(make_daemon: Callable[..., Jobs]) -> Jobs:
    """A daemon that lets go of a Blender as soon as nobody wants it."""
    jobs = make_daemon('slots = 4\nspares_idle = "1s"\nkeeper_idle = "1s"\n')
    jobs.daemon.start()
    return jobs


@pytest.mark.parametrize("isolation", ["fork", "process"])
@pytest.mark.parametrize("text", [EXECS, RUNS], ids=["it execs", "it runs and waits"])
def test_what_it_sets_is_seen_by_the_job_and_by_no_other(shared: Jobs, tmp_path: Path, isolation: str, text: str) -> None:
    wrapper = Wrapper(tmp_path, f'export STUDIO="$1"; shift\n{text}')
    for studio in ("one and a half", "two"):
        assert json.loads(shared.ok("run", shared.script(LOOK), "--isolation", isolation, *wrapper.options(studio))) == studio
    assert json.loads(shared.ok("run", shared.script(LOOK), "--isolation", isolation)) is None


def test_one_that_was_edited_is_seen_by_the_next_job(shared: Jobs, tmp_path: Path) -> None:
    for studio in ("old", "newer"):
        wrapper = Wrapper(tmp_path, f"export STUDIO={studio}\n{EXECS}")
        assert json.loads(shared.ok("run", shared.script(LOOK), *wrapper.options())) == studio


def test_how_a_job_ends_is_told_as_without_one(shared: Jobs, tmp_path: Path) -> None:
    wrapper = Wrapper(tmp_path, RUNS)
    for isolation in ("fork", "process"):
        job = shared.submit("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "--isolation", isolation, *wrapper.options())
        seen = shared.wait_end(job)
        assert seen["reason"] == "CRASHED" and "SIGSEGV" in seen["error"]["message"]


@pytest.mark.parametrize("isolation", ["fork", "process"])
def test_one_that_fails_is_named_with_its_words(shared: Jobs, tmp_path: Path, isolation: str) -> None:
    wrapper = Wrapper(tmp_path, 'echo "no licence for the package usd" >&2\nexit 3')
    seen = shared.wait_end(shared.submit("pass", "--isolation", isolation, *wrapper.options()))
    told = seen["error"]["message"]
    assert seen["reason"] == "BLENDER_UNAVAILABLE" and "exit code 3" in told and "no licence for the package usd" in told and str(wrapper.path) in told


def test_one_that_is_not_there_is_refused(shared: Jobs, tmp_path: Path) -> None:
    wrapper = Wrapper(tmp_path, EXECS)
    wrapper.path.chmod(0o600)
    for command, says in ((shlex.quote(str(wrapper.path)), "is no program"), ("/nowhere/wrap a", "/nowhere/wrap does not exist"),
                          ("no-such-wrapper --", "no-such-wrapper is not on the daemon's PATH"), ("'unclosed", "quote")):
        done = shared.run("submit", shared.script("pass"), "--wrapper", command)
        assert done.returncode != 0 and says in done.stderr, done.stderr


def test_one_that_has_gone_since_the_submit_fails_the_job(shared: Jobs, tmp_path: Path) -> None:
    wrapper = Wrapper(tmp_path, EXECS)
    job = shared.submit("pass", "--hold", *wrapper.options())
    wrapper.path.unlink()
    shared.ok("release", job)
    seen = shared.wait_end(job)
    assert seen["reason"] == "BLENDER_UNAVAILABLE" and str(wrapper.path) in seen["error"]["message"]


def test_one_that_never_runs_blender_costs_the_start_timeout_and_is_gone(patient: Jobs, tmp_path: Path) -> None:
    wrapper = Wrapper(tmp_path, "sleep 3600")
    seen = patient.wait_end(patient.submit("pass", "--start-timeout", "2s", *wrapper.options()))
    assert seen["reason"] == "TIMED_OUT"
    sleeps = [pid for pid in patient.daemon.processes() if b"sleep\x003600" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert sleeps or not wrapper.alive()
    wait_for(lambda: not wrapper.alive() and not any(map(alive, sleeps)))


@pytest.mark.parametrize("isolation", ["fork", "process"])
def test_one_that_stays_when_blender_has_ended_is_killed(patient: Jobs, tmp_path: Path, isolation: str) -> None:
    wrapper = Wrapper(tmp_path, '"$@"\nsleep 3600')
    patient.ok("run", patient.script("pass"), "--isolation", isolation, *wrapper.options())
    assert wrapper.pids()
    wait_for(lambda: not wrapper.alive())
    daemon = patient.daemon.pid
    wait_for(lambda: not [pid for pid in patient.daemon.processes() if pid != daemon and b"sleep" in Path(f"/proc/{pid}/cmdline").read_bytes()])


@pytest.mark.parametrize("isolation", ["fork", "process"])
def test_one_that_dies_takes_its_blender_with_it_but_not_the_job(daemon: Jobs, tmp_path: Path, isolation: str) -> None:
    wrapper = Wrapper(tmp_path, RUNS)
    job, gate = daemon.gated("--isolation", isolation, *wrapper.options())
    worker = daemon.worker(job)
    killed = wrapper.alive()
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not any(map(alive, killed)))
    assert alive(worker)
    gate.touch()
    assert daemon.wait_end(job)["state"] == "SUCCEEDED"
    assert daemon.ok("run", daemon.script("print('again')"), "--isolation", isolation, *wrapper.options())
    daemon.ok("daemon", "stop", "--now")
    wait_for(lambda: not daemon.daemon.processes() and not wrapper.alive())


@pytest.mark.parametrize("isolation", ["fork", "process"])
def test_it_and_what_it_started_live_on_with_the_job_when_the_daemon_is_killed(daemon: Jobs, tmp_path: Path, isolation: str) -> None:
    wrapper = Wrapper(tmp_path, f"sleep 3600 & helper=$!\necho $helper > {tmp_path}/helper\n\"$@\"\nkill $helper")
    job, gate = daemon.gated("--isolation", isolation, *wrapper.options())
    worker, helper = daemon.worker(job), int((tmp_path / "helper").read_text())
    daemon.daemon.kill()
    daemon.daemon.start()
    assert daemon.worker(job) == worker and alive(helper) and wrapper.alive()
    gate.touch()
    assert daemon.wait_end(job)["state"] == "SUCCEEDED"
    wait_for(lambda: not alive(helper) and not wrapper.alive())
