# SPDX-License-Identifier: Apache-2.0
"""Each reason for which a job may fail, made to happen; and docs/guides/failures.md says of each what `offstage show` says."""
from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.failures import CASES, PAUSE, Case, Stage, happen, on_page
from support.harness import ROOT, wait_for
from support.jobs import Jobs

PAGE = ROOT / "docs" / "guides" / "failures.md"


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Stage]]:
    made: dict[str, Stage] = {}

    def of(words: str) -> Stage:
        if words not in made:
            made[words] = Stage(tmp_path_factory.mktemp("stage"), words)
            made[words].start()
        return made[words]

    yield of
    for stage in made.values():
        stage.daemon.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_failure_has_its_reason_and_the_page_says_what_show_says(stages: Callable[[str], Stage], case: Case) -> None:
    seen, shown = happen(stages(case.words), case)
    assert seen["state"] == ("FAILED" if case.reason else "CANCELLED") and seen["reason"] == case.reason, seen
    if case.reason:
        assert seen["error"]["message"] and seen["error"]["hint"], "every failure says what happened and what to do"
    page = PAGE.read_text()
    assert on_page(page, case, shown) == page, "the page is stale: scripts/make-failures"


def test_the_page_names_every_reason() -> None:
    page = PAGE.read_text()
    for reason in {case.reason for case in CASES if case.reason}:
        assert f"| `{reason}` |" in page


@pytest.mark.parametrize(("options", "which"), [(("--timeout", "300ms"), "run"), (("--progress-timeout", "1s"), "progress")])
def test_which_timeout_it_was_survives_a_kill_of_the_daemon(make_daemon: Callable[..., Jobs], options: tuple[str, ...], which: str) -> None:
    """The script ignores flag and SIGTERM; the daemon dies between flag and SIGKILL, and the next one reads the page."""
    jobs = make_daemon()
    jobs.daemon.start()
    code = "import offstage, os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('begun', flush=True)\n" \
           "while not offstage.cancelled(): time.sleep(0.01)\nprint('asked', flush=True)\ntime.sleep(1)\nos._exit(1)"
    job = jobs.submit(code, *options)
    wait_for(lambda: "asked" in jobs.run("logs", job).stdout)
    jobs.daemon.kill()
    jobs.daemon.start()
    seen = jobs.wait_end(job)
    assert seen["reason"] == "TIMED_OUT" and seen["error"]["fields"]["timeout"] == which


def test_who_cancelled_is_kept_across_a_kill_of_the_daemon(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon()
    jobs.daemon.start()
    job = jobs.submit("import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('begun', flush=True)\ntime.sleep(600)")
    wait_for(lambda: "begun" in jobs.run("logs", job).stdout)
    jobs.ok("cancel", job)
    jobs.daemon.kill()
    jobs.daemon.start()
    seen = jobs.wait_end(job)
    assert seen["state"] == "CANCELLED" and "@" in seen["cancelled_by"] and "with offstage/" in seen["cancelled_by"]


def test_crash_after_crash_trips_the_breaker_and_a_trial_closes_it(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon()
    jobs.daemon.start()
    wait_for(lambda: jobs.json("blenders")[0]["fork"] == "proven", 120)

    def ran(code: str, *options: str) -> dict:
        return json.loads(jobs.run("run", jobs.script(code), "--json", *options).stdout)

    crash = "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)"
    for _ in range(5):
        assert ran(crash, "--isolation", "fork")["reason"] == "CRASHED"
    blender = jobs.json("blenders")[0]
    assert blender["breakers"][0]["state"] == "open" and blender["breakers"][0]["crashes"] == 5 and "signal 11" in blender["breakers"][0]["reason"]
    assert "5 forked workers in a row crashed" in jobs.ok("status") and "tripped" in jobs.ok("blenders")
    assert ran("pass")["attempts"][0]["isolation"] == "PROCESS"
    assert ran("pass", "--isolation", "fork")["attempts"][0]["isolation"] == "FORK"  # who asks for it gets it, and it does well
    assert jobs.json("blenders")[0]["breakers"] == [] and "in a row crashed" not in jobs.ok("status")


def test_a_signal_from_outside_is_not_taken_for_want_of_memory_or_a_cancel(shared: Jobs) -> None:
    for number, name in ((signal.SIGKILL, "SIGKILL"), (signal.SIGTERM, "SIGTERM")):
        job = shared.submit(PAUSE)
        wait_for(lambda job=job: "rendering" in shared.run("logs", job).stdout)
        os.kill(shared.worker(job), number)
        seen = shared.wait_end(job)
        assert seen["reason"] == "CRASHED" and f"({name}) that none of us sent" in seen["error"]["message"]


def test_renders_may_ask_for_the_usual_retries_and_scripts_get_none_unasked(shared: Jobs, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    code = f"import os\nopen({str(marker)!r}, 'a').write('x')\nos.kill(os.getpid(), 11)"
    job = shared.submit(code, "--attempts", "3")
    seen = shared.wait_end(job)
    assert seen["reason"] == "CRASHED" and len(seen["attempts"]) == 1 and marker.read_text() == "x"
