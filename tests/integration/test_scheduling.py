# SPDX-License-Identifier: Apache-2.0
"""Who runs when: slots, priority, held, isolation, retries, and many at once."""
from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.harness import wait_for
from support.jobs import Jobs

NOTE = "import os\nos.write(os.open({path!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), b'{word}\\n')"


def one_slot(make_daemon: Callable[..., Jobs]) -> Jobs:
    jobs = make_daemon("slots = 1\n")
    jobs.daemon.start()
    return jobs


def test_jobs_run_by_priority_and_then_in_the_order_of_their_submit(make_daemon: Callable[..., Jobs], tmp_path: Path) -> None:
    jobs = one_slot(make_daemon)
    running, gate = jobs.gated()
    order = tmp_path / "order"
    waiting = [jobs.submit(NOTE.format(path=str(order), word=word), f"--priority={priority}") for word, priority in
               [("a", 0), ("b", 5), ("c", -7), ("d", 5), ("e", 0), ("f", 99)]]
    gate.touch()
    for job in [running, *waiting]: jobs.wait_state(job, "SUCCEEDED")
    assert order.read_text().split() == ["f", "b", "d", "a", "e", "c"]


def test_one_slot_more_is_kept_for_interactive_jobs(make_daemon: Callable[..., Jobs]) -> None:
    jobs = one_slot(make_daemon)
    job, gate = jobs.gated()
    batch = jobs.submit("pass")
    assert jobs.ok("run", jobs.script("pass"), "--priority", "100") == "null\n"
    assert jobs.state(batch) == "QUEUED" and jobs.state(job) == "RUNNING"
    gate.touch()
    jobs.wait_state(batch, "SUCCEEDED")


def test_slots_are_not_exceeded(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon("slots = 2\n")
    jobs.daemon.start()
    gates = [jobs.gated()[1] for _ in range(2)]
    third = jobs.submit("pass")
    assert jobs.state(third) == "QUEUED"
    gates[0].touch()
    jobs.wait_state(third, "SUCCEEDED")
    gates[1].touch()


def test_a_job_of_n_cpus_takes_n_slots(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon("slots = 3\n")
    jobs.daemon.start()
    _, gate = jobs.gated("--cpus", "2")
    wide = jobs.submit("pass", "--cpus", "2")
    assert jobs.state(wide) == "QUEUED"
    gate.touch()
    jobs.wait_state(wide, "SUCCEEDED")
    refused = jobs.run("submit", jobs.script("pass"), "--cpus", "4")
    assert refused.returncode == 2 and "slots" in refused.stderr


def test_a_held_job_does_not_run(shared: Jobs) -> None:
    held = shared.submit("pass", "--hold")
    assert shared.ok("run", shared.script("pass")) == "null\n"
    assert shared.state(held) == "HELD"
    shared.ok("cancel", held)


def test_isolation_process_is_a_blender_of_its_own(shared: Jobs) -> None:
    ran = json.loads(shared.ok("run", shared.script("pass"), "--isolation", "process", "--json"))
    assert ran["attempts"][0]["isolation"] == "PROCESS"


def test_a_script_s_failure_is_not_retried_unless_asked(shared: Jobs) -> None:
    for args in ([], ["--attempts", "3"], ["--attempts", "3", "--retry-on", "CRASHED"]):
        assert len(shared.wait_end(shared.submit("1/0", *args))["attempts"]) == 1, args


def test_a_script_s_failure_is_retried_as_often_as_asked_one_try_after_the_other(shared: Jobs, tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    code = NOTE.format(path=str(tries), word="try") + f"\nassert len(open({str(tries)!r}).read().split()) == 3"
    job = shared.submit(code, "--attempts", "5", "--retry-on", "SCRIPT_ERROR")
    seen = shared.wait_state(job, "SUCCEEDED")
    assert [attempt["state"] for attempt in seen["attempts"]] == ["FAILED", "FAILED", "SUCCEEDED"]
    assert tries.read_text().split() == ["try"] * 3


def test_after_the_last_attempt_a_job_has_failed(shared: Jobs) -> None:
    job = shared.submit("import os\nos.kill(os.getpid(), 9)", "--attempts", "2", "--retry-on", "CRASHED")
    seen = shared.wait_end(job)
    assert (seen["state"], seen["reason"], len(seen["attempts"])) == ("FAILED", "CRASHED", 2)


def test_retry_queues_a_failed_job_again(shared: Jobs, tmp_path: Path) -> None:
    flag = tmp_path / "now-it-works"
    job = shared.submit(f"import os\nassert os.path.exists({str(flag)!r})")
    assert shared.wait_end(job)["state"] == "FAILED"
    flag.touch()
    shared.ok("retry", job)
    seen = shared.wait_state(job, "SUCCEEDED") if shared.run("wait", job).returncode == 0 else shared.show(job)
    assert seen["state"] == "SUCCEEDED" and len(seen["attempts"]) == 2


def test_retry_of_a_job_that_succeeded_or_still_runs_is_refused(shared: Jobs) -> None:
    done = shared.submit("pass")
    shared.wait_end(done)
    running, gate = shared.gated()
    for job in (done, running):
        refused = shared.run("retry", job)
        assert refused.returncode not in (0, 4) and refused.stderr
    gate.touch()
    shared.wait_end(running)


def test_500_jobs_at_once_each_in_a_process_of_its_own(shared: Jobs) -> None:
    path = shared.script("import offstage, os\noffstage.result = [os.getpid(), n]")

    def submit(n: int) -> str:
        return shared.ok("submit", path, "--param", f"n={n}", timeout=120).strip()

    with ThreadPoolExecutor(8) as several:
        jobs = list(several.map(submit, range(500)))
    assert len(set(jobs)) == 500
    for job in jobs: assert shared.run("wait", job, timeout=300).returncode == 0
    rows = {row["id"]: row for row in shared.json("list", "--limit", "1000")}
    results = [rows[job]["result"] or shared.show(job)["result"] for job in jobs]
    assert [n for _, n in results] == list(range(500))
    attempts = {tuple(a["id"] for a in shared.show(job)["attempts"]) for job in jobs[::50]}
    assert len(attempts) == 10
    assert len({pid for pid, _ in results}) > 400, "pids wrap, but not that often"


def test_jobs_see_nothing_of_each_other(shared: Jobs) -> None:
    code = ("import builtins, offstage, os, random, sys, tempfile\n"
            "seen = [hasattr(builtins, 'mark'), 'mark' in sys.modules, os.environ.get('MARK'), os.listdir('.')]\n"
            "builtins.mark = sys.modules['mark'] = True\nos.environ['MARK'] = '1'\nopen('mark', 'w').close()\n"
            "offstage.result = [seen, random.random(), tempfile.gettempdir(), os.getcwd()]")
    results = [json.loads(shared.ok("run", shared.script(code))) for _ in range(4)]
    assert all(seen == [False, False, None, []] for seen, *_ in results)
    for column in (1, 2, 3): assert len({row[column] for row in results}) == 4, column


def test_a_memory_limit_ends_the_job_that_exceeds_it(shared: Jobs) -> None:
    done = shared.run("run", shared.script("import time\nhog = bytearray(600 << 20)\ntime.sleep(30)"), "--memory", "128MiB", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["reason"] == "OUT_OF_MEMORY"


def test_spares_are_kept_ready_and_are_gone_after_the_stop(daemon: Jobs) -> None:
    daemon.ok("run", daemon.script("pass"))
    wait_for(lambda: len(daemon.daemon.processes()) > 2)
    daemon.ok("daemon", "stop")
    assert daemon.daemon.processes() == []


def test_the_idle_daemon_does_nothing(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon("slots = 1\nspares_idle = \"0s\"\n")
    jobs.daemon.start()
    jobs.ok("run", jobs.script("pass"))
    stat = Path(f"/proc/{jobs.daemon.pid}/stat")

    def ticks() -> int:
        fields = stat.read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    time.sleep(2)
    before = ticks()
    time.sleep(10)
    assert (ticks() - before) / os.sysconf("SC_CLK_TCK") <= 0.02, "a tick is 0.1 % of ten seconds"
