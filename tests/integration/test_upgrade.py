# SPDX-License-Identifier: Apache-2.0
"""A daemon of an earlier schema is replaced by this one while its jobs run: the state is made by the migrations of that time, the workers are real."""
from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.harness import ROOT, wait_for
from support.jobs import Jobs

MIGRATIONS = sorted((ROOT / "daemon" / "store" / "migrations").glob("*.sql"))
APPLICATION_ID = 0x4F666673

# What has landed is in somebody's state folder, and is never edited: one line more with each schema.
LANDED = {
    "0001_tables.sql": "dc6a77bd90d05e44bbdfd9f5c685eb6cd6bf8af9d2a0f318c1477ba9f867c3db",
    "0002_retention.sql": "4a88614efb214e18ac579115fde172a73e5be7bc729cc80cfa6c9e6afee40e26",
    "0003_kinds.sql": "b56c7cbec024eda9b4adb45d1cb538477b4fb6e0bb7fa2bed038b8400727a899",
    "0004_files.sql": "0bea65a3fd0d6124c3ec62dacc360c3f1d989573c7eb557d91ebc15005dc1b68",
    "0005_gpus.sql": "ed21c96a2469a6f76abfed4d29831dbbe5a55cd047a0d8020bf0f50812d6dad0",
}
EARLIER = range(1, len(MIGRATIONS))


def rows(database: Path, table: str) -> dict[bytes, dict]:
    """By id."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        connection.row_factory = sqlite3.Row
        return {row["id"]: dict(row) for row in connection.execute(f"SELECT * FROM {table}")}


def as_of_schema(version: int, database: Path) -> None:
    """The same rows in the tables of that schema, as its daemon would have left them when it was killed."""
    earlier = database.with_name("earlier")
    with sqlite3.connect(earlier) as connection:
        for migration in MIGRATIONS[:version]:
            connection.executescript(migration.read_text())
        connection.execute("ATTACH ? AS later", (str(database),))
        for (table,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'meta'").fetchall():
            columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))
            connection.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM later.{table}")
        connection.execute("UPDATE main.meta SET value = (SELECT value FROM later.meta l WHERE l.key = meta.key)")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    for rest in database.parent.glob(database.name + "-*"):
        rest.unlink()
    earlier.rename(database)


def test_a_schema_that_has_landed_is_never_edited() -> None:
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in MIGRATIONS} == LANDED


@pytest.mark.parametrize("version", EARLIER)
def test_a_daemon_of_an_earlier_schema_is_replaced_while_jobs_run(make_daemon: Callable[..., Jobs], version: int) -> None:
    jobs = make_daemon("slots = 2\n")
    jobs.daemon.start()
    database = Path(jobs.json("status")["state_dir"]) / "state.sqlite3"
    succeeded = jobs.submit("import offstage, pathlib\npathlib.Path(offstage.out_dir, 'image').write_bytes(b'x' * 10_000)\noffstage.result = {'a': [1, 2.5]}")
    failed = jobs.submit("raise ValueError('of old')")
    jobs.wait_end(succeeded), jobs.wait_end(failed)
    on, on_gate = jobs.gated()
    gone, gone_gate = jobs.gated()
    queued, held = jobs.submit("import offstage\noffstage.result = 7", "--priority", "3"), jobs.submit("pass", "--hold", "--label", "shot=010")
    worker = jobs.worker(on)

    jobs.daemon.kill()
    as_of_schema(version, database)
    before_jobs = rows(database, "jobs")  # what that schema has a place for
    gone_gate.touch()                    # this one ends while no daemon is there
    jobs.daemon.start()

    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert jobs.worker(on) == worker and jobs.state(held) == "HELD"
    assert jobs.wait_end(gone)["state"] == "SUCCEEDED"
    assert jobs.wait_state(queued, "SUCCEEDED")["result"] == 7
    on_gate.touch()
    seen = jobs.wait_state(on, "SUCCEEDED")
    assert len(seen["attempts"]) == 1 and jobs.ok("logs", on).endswith("the end\n")

    after = rows(database, "jobs")
    for job in (succeeded, failed, held):
        assert {key: after[bytes.fromhex(job)][key] for key in before_jobs[bytes.fromhex(job)]} == before_jobs[bytes.fromhex(job)]
    assert jobs.show(succeeded)["result"] == {"a": [1, 2.5]} and jobs.show(held)["labels"] == {"shot": "010"}
    measured = "folder_bytes"
    wait_for(lambda: all(row[measured] is not None for row in rows(database, "attempts").values() if row["end_time"]))
    jobs.ok("release", held)
    assert jobs.wait_end(held)["state"] == "SUCCEEDED"


@pytest.mark.parametrize("version", EARLIER)
def test_a_daemon_that_dies_in_the_middle_of_a_migration_leaves_the_earlier_schema(make_daemon: Callable[..., Jobs], version: int) -> None:
    jobs = make_daemon()
    jobs.daemon.start()
    job = jobs.submit("pass", "--hold")
    database = Path(jobs.json("status")["state_dir"]) / "state.sqlite3"
    jobs.daemon.kill()
    as_of_schema(version, database)
    jobs.daemon.env["OFFSTAGE_CRASH_AT"] = "store.in_migration"
    died = jobs.run("daemon", "start")
    del jobs.daemon.env["OFFSTAGE_CRASH_AT"]
    assert died.returncode != 0
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (version,)
    jobs.daemon.start()
    assert jobs.state(job) == "HELD"


def test_a_daemon_that_is_asked_again_and_again_to_start_in_place_serves_in_the_end(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon()
    jobs.daemon.start()
    job, gate = jobs.gated()
    pid = jobs.daemon.pid
    for pause in (0.001, 0.01, 0.1) * 30:
        os.kill(pid, signal.SIGUSR2)
        time.sleep(pause)
    wait_for(lambda: jobs.run("status").returncode == 0)
    assert jobs.daemon.pid == pid
    gate.touch()
    assert jobs.wait_end(job)["state"] == "SUCCEEDED"
