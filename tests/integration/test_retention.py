# SPDX-License-Identifier: Apache-2.0
"""What ended jobs take, and that they go: by age, by size, by `offstage gc`; attempts that take too much; and that nothing grows.

`--long` of scripts/test and of scripts/chaos runs the soak with 20,000 jobs (OFFSTAGE_SOAK_JOBS); under the address sanitizer it runs, too.
"""
from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.harness import wait_for
from support.jobs import Jobs

WRITES = "import offstage, pathlib\npathlib.Path(offstage.out_dir, 'result').write_bytes(b'x' * {size})"


def started(make_daemon: Callable[..., Jobs], config: str, **kwargs) -> Jobs:
    jobs = make_daemon("slots = 4\n" + config, **kwargs)
    jobs.daemon.start()
    return jobs


def state_folder(jobs: Jobs) -> Path:
    return Path(jobs.json("status")["state_dir"])


def folders_of_jobs(jobs: Jobs) -> list[Path]:
    """Attempts' folders in which something was logged or written: those of spares are empty."""
    return [folder for folder in (state_folder(jobs) / "attempts").iterdir() if any((folder / "out").glob("*"))]


def rows(jobs: Jobs, table: str) -> int:
    with sqlite3.connect(f"file:{state_folder(jobs) / 'state.sqlite3'}?mode=ro", uri=True) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def ids(jobs: Jobs) -> list[str]:
    return [job["id"] for job in jobs.json("list", "--limit", "1000")]


def test_an_ended_job_tells_when_it_goes_and_then_is_gone_with_all_it_left(make_daemon: Callable[..., Jobs]) -> None:
    jobs = started(make_daemon, 'retention = "3s"\n')
    job = jobs.submit(WRITES.format(size=1000))
    seen = jobs.wait_end(job)
    assert seen["state"] == "SUCCEEDED" and seen["expire_time"] > seen["end_time"]
    waiting, gate = jobs.gated()
    assert jobs.show(waiting)["expire_time"] is None
    wait_for(lambda: job not in ids(jobs))
    wait_for(lambda: not folders_of_jobs(jobs))
    assert ids(jobs) == [waiting]
    assert rows(jobs, "attempts") == 1 and rows(jobs, "specs") == 1
    assert jobs.run("show", job).returncode == 4
    gate.touch()
    assert jobs.wait_end(waiting)["state"] == "SUCCEEDED"


def test_a_watcher_sees_an_expired_job_go(make_daemon: Callable[..., Jobs]) -> None:
    jobs = started(make_daemon, 'retention = "1s"\n')
    watching = jobs.popen("watch", "--json")
    job = jobs.submit("pass")
    assert watching.stdout is not None
    try:
        assert any('"deleted"' in line and job in line for line in watching.stdout)
    finally:
        watching.kill()
        watching.communicate()


def test_what_expired_while_no_daemon_ran_goes_after_the_next_start(make_daemon: Callable[..., Jobs]) -> None:
    jobs = started(make_daemon, 'retention = "1s"\n')
    jobs.daemon.config.write_text(jobs.daemon.config.read_text().replace('"1s"', '"1h"'))
    jobs.ok("daemon", "restart")
    for _ in range(3):
        jobs.wait_end(jobs.submit(WRITES.format(size=1000)))
    jobs.daemon.kill()
    jobs.daemon.config.write_text(jobs.daemon.config.read_text().replace('"1h"', '"1s"'))
    jobs.daemon.start()
    wait_for(lambda: ids(jobs) == [] and not folders_of_jobs(jobs))


def test_gc_removes_the_oldest_beyond_the_size_and_a_dry_run_only_tells(make_daemon: Callable[..., Jobs]) -> None:
    jobs = started(make_daemon, 'retention_bytes = "2500KiB"\n')
    made = [jobs.submit(WRITES.format(size=1 << 20)) for _ in range(4)]
    for job in made:
        jobs.wait_end(job)
    by_end = sorted(made, key=lambda job: jobs.show(job)["end_time"])
    told = wait_for(lambda: next((one for one in jobs.json("gc", "--dry-run") if one["kind"] == "jobs_beyond_size" and one["count"] == 2), None))
    assert told["names"] == ["jobs/" + job for job in by_end[:2]] and told["bytes"] >= 2 << 20 and not told["removed"]
    assert sorted(ids(jobs)) == sorted(made)
    done = jobs.json("gc")
    assert [(one["kind"], one["count"], one["removed"]) for one in done] == [("jobs_beyond_size", 2, True)]
    assert sorted(ids(jobs)) == sorted(by_end[2:])
    wait_for(lambda: len(folders_of_jobs(jobs)) == 2)
    assert jobs.ok("gc").strip() == "nothing to remove"


def test_gc_removes_the_folder_of_no_attempt_and_neither_a_spare_s_nor_a_running_one_s(make_daemon: Callable[..., Jobs]) -> None:
    jobs = started(make_daemon, "")
    running, gate = jobs.gated()
    ended = jobs.submit(WRITES.format(size=1000))
    jobs.wait_end(ended)
    attempts = state_folder(jobs) / "attempts"
    orphan = attempts / uuid.uuid4().hex
    (orphan / "out").mkdir(parents=True)
    (orphan / "out" / "large").write_bytes(b"x" * 100_000)
    (attempts / "notes.txt.tmp").write_text("rest")
    told = next(one for one in jobs.json("gc", "--dry-run") if one["kind"] == "attempt_folders")
    assert sorted(told["names"]) == sorted([str(orphan), str(attempts / "notes.txt.tmp")]) and told["bytes"] >= 100_000
    assert orphan.exists()
    jobs.ok("gc")
    wait_for(lambda: not orphan.exists() and not (attempts / "notes.txt.tmp").exists())
    assert jobs.state(running) == "RUNNING" and Path(jobs.show(ended)["out_dir"], "result").exists()
    assert jobs.ok("run", jobs.script("import offstage\noffstage.result = 1")) == "1\n"
    gate.touch()
    assert jobs.wait_end(running)["state"] == "SUCCEEDED"


def test_a_folder_that_appears_after_the_start_and_belongs_to_no_attempt_goes_by_itself(make_daemon: Callable[..., Jobs]) -> None:
    """A keeper that outlives its daemon may still make a worker."""
    jobs = started(make_daemon, "")
    ended = jobs.submit("import offstage\noffstage.result = 1")
    jobs.wait_end(ended)
    late = state_folder(jobs) / "attempts" / uuid.uuid4().hex
    late.mkdir()
    (late / "log").write_text("")
    wait_for(lambda: not late.exists(), 120)
    assert Path(jobs.show(ended)["folder"]).exists()


def test_an_attempt_whose_folder_grows_without_end_fails_and_others_run_on(make_daemon: Callable[..., Jobs]) -> None:
    jobs = started(make_daemon, 'attempt_bytes = "4MiB"\n')
    other, gate = jobs.gated()
    job = jobs.submit("import offstage, pathlib, time\npathlib.Path(offstage.out_dir, 'much').write_bytes(b'x' * (8 << 20))\ntime.sleep(600)")
    seen = jobs.wait_end(job)
    assert (seen["state"], seen["reason"]) == ("FAILED", "DISK_FULL")
    assert "4194304 bytes" in seen["error"]["message"] and "attempt_bytes" in seen["error"]["hint"]
    assert seen["error"]["fields"]["folder"] == seen["folder"]
    gate.touch()
    assert jobs.wait_end(other)["state"] == "SUCCEEDED"


def rss_kib(pid: int) -> int:
    return next(int(line.split()[1]) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS:"))


def disk_bytes(folder: Path) -> tuple[int, int]:
    """Of the WAL, which is cut back at 64 MiB, and of all else."""
    wal = rest = 0
    for path in folder.rglob("*"):
        try:
            used = path.lstat().st_blocks * 512
        except OSError:
            continue
        wal, rest = (used, rest) if path.name.endswith("-wal") else (wal, rest + used)
    return wal, rest


def test_after_thousands_of_jobs_memory_descriptors_disk_and_rows_are_where_they_were(make_daemon: Callable[..., Jobs]) -> None:
    sanitizer = {"ASAN_OPTIONS": "quarantine_size_mb=8:malloc_context_size=8"}       # or what was freed is kept, up to 256 MB
    jobs = started(make_daemon, 'retention = "1s"\nlog_level = "warning"\n', env=sanitizer)
    count = int(os.environ.get("OFFSTAGE_SOAK_JOBS", "500"))
    script = jobs.script(WRITES.format(size=10_000) + "\nprint('a line')\noffstage.result = [1] * 100")
    pid, state = jobs.daemon.pid, state_folder(jobs)

    def run(jobs_to_run: int) -> tuple[int, int, tuple[int, int]]:
        """Memory, descriptors and disk when all of them have gone again."""
        with ThreadPoolExecutor(4) as clients:
            list(clients.map(lambda _: jobs.ok("submit", script), range(jobs_to_run)))
        wait_for(lambda: ids(jobs) == [] and not folders_of_jobs(jobs), 300)
        wait_for(lambda: not any((state / "trash").iterdir()))
        return rss_kib(pid), len(os.listdir(f"/proc/{pid}/fd")), disk_bytes(state)

    first = run(count // 4)
    last = run(count - count // 4)
    print(f"memory in KiB, descriptors, (WAL, disk) in bytes after {count // 4} jobs: {first}; after {count}: {last}")
    assert rows(jobs, "jobs") == rows(jobs, "attempts") == rows(jobs, "specs") == 0
    assert last[0] < first[0] * 1.2 + 8192, (first, last)
    assert last[1] <= first[1] + 8, (first, last)
    assert last[2][0] < 128 << 20 and last[2][1] < first[2][1] + (8 << 20), (first, last)
