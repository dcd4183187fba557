# SPDX-License-Identifier: Apache-2.0
"""A disk of 16 MB as the state folder, for real: new work is refused, what was accepted is drained, nothing is damaged, and it goes on when there is room."""
from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.harness import wait_for
from support.jobs import Jobs
from support.small_disk import SmallDisk

SIZE = 16 << 20
WRITES = "import offstage, pathlib\npathlib.Path(offstage.out_dir, 'image').write_bytes(b'x' * {size})\noffstage.result = 'done'"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    disk = SmallDisk(tmp_path / "daemon" / "state", SIZE)
    print(f"the disk: {disk.how}")
    yield disk
    disk.close()


@pytest.fixture
def on_disk(disk: SmallDisk, make_daemon: Callable[..., Jobs]) -> Callable[[str], Jobs]:
    """A daemon on the small disk; asked for after it, so that it ends before."""
    def start(config: str) -> Jobs:
        jobs = make_daemon("slots = 4\n" + config)
        disk.entered(jobs.daemon).start()
        return jobs
    return start


def refused(jobs: Jobs) -> str:
    """What a submit says that finds no room; empty: it was accepted."""
    done = jobs.run("submit", jobs.script("pass"), "--hold")
    assert done.returncode in (0, 2), done.stderr
    return done.stderr if done.returncode == 2 else ""


def states(jobs: Jobs) -> dict[str, str]:
    return {job["id"]: job["state"] for job in jobs.json("list", "--limit", "100000")}


def assert_sound(disk: SmallDisk, jobs: Jobs, accepted: set[str]) -> None:
    """With the daemon stopped: the database is whole, and has each job that was acknowledged."""
    for file in disk.path.rglob("state.sqlite3*"):       # SQLite itself would look for it outside of the disk's namespace
        shutil.copy(file, jobs.folder)
    with sqlite3.connect(jobs.folder / "state.sqlite3") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert accepted <= {row[0].hex() for row in connection.execute("SELECT id FROM jobs")}


def test_a_disk_smaller_than_the_low_water_mark_is_told_with_both_sizes(disk: SmallDisk, on_disk: Callable[[str], Jobs]) -> None:
    jobs = on_disk("")
    said = refused(jobs)
    assert "low_water" in said and "256 MiB" in said and "hint" in said.lower()
    assert any("256 MiB" in warning for warning in jobs.json("status")["warnings"])
    assert states(jobs) == {}


def test_a_disk_that_fills_up_refuses_new_work_and_drains_and_goes_on_when_there_is_room(disk: SmallDisk, on_disk: Callable[[str], Jobs]) -> None:
    jobs = on_disk('low_water = "2MiB"\n')
    running = [jobs.gated() for _ in range(3)]
    accepted = {job for job, _ in running}
    writes = jobs.script(WRITES.format(size=700_000))
    while (done := jobs.run("submit", writes)).returncode == 0:
        job = done.stdout.strip()
        accepted.add(job)
        wait_for(lambda job=job: states(jobs)[job] == "SUCCEEDED" or disk.free < 2 << 20)
    assert done.returncode == 2 and "almost full" in done.stderr and "hint" in done.stderr.lower()
    assert len(accepted) > 3

    # what runs ends as ever while it is low, and with no room at all its end is told all the same
    job, gate = running[0]
    gate.touch()
    assert jobs.wait_end(job)["state"] == "SUCCEEDED"
    others = disk.fill()
    for job, gate in running[1:]:
        gate.touch()
        seen = jobs.wait_end(job)
        assert (seen["state"], seen["reason"]) in (("SUCCEEDED", None), ("FAILED", "DISK_FULL")), seen
    assert refused(jobs)
    before = states(jobs)

    # killed and started with no room at all
    jobs.daemon.kill()
    disk.fill()
    jobs.daemon.start()
    assert states(jobs) == before and accepted <= set(before)
    assert refused(jobs)

    others.unlink()
    for left in [job for job in before if before[job] == "SUCCEEDED"][:5]:
        jobs.ok("delete", left)
        accepted.discard(left)
    wait_for(lambda: not refused(jobs))
    assert jobs.wait_end(jobs.submit(WRITES.format(size=1000)))["state"] == "SUCCEEDED"
    jobs.ok("daemon", "stop", "--now")
    assert_sound(disk, jobs, accepted)


def test_inputs_without_room_are_refused_and_leave_nothing(disk: SmallDisk, on_disk: Callable[[str], Jobs]) -> None:
    jobs = on_disk('low_water = "1MiB"\n')
    source = jobs.folder / "input"
    source.write_bytes(os.urandom(4 << 20))
    script = jobs.script("import offstage, os\noffstage.result = os.path.getsize('input')")
    job = jobs.ok("submit", script, "--hold", "--input", source).strip()
    free = disk.free
    done = jobs.run("submit", script, "--hold", "--input", source)
    assert done.returncode == 2 and "no room for 4194304 bytes" in done.stderr, done.stderr
    assert disk.free > free - (256 << 10)
    jobs.ok("delete", "--force", job)
    jobs.ok("gc")
    again = jobs.ok("submit", script, "--hold", "--input", source).strip()
    assert [path.name for path in disk.path.rglob("input")] == ["input"], again
