# SPDX-License-Identifier: Apache-2.0
"""`offstage bundle`: all that is known of an attempt, ready for a bug report, and nothing that looks like a secret."""
from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

from support.harness import wait_for
from support.jobs import Jobs

CRASH = """
import os, signal, sys
print("first words", flush=True)
with open(os.environ["TMPDIR"] + "/fake.crash.txt", "w") as report:
    report.write("# backtrace\\n" + "frame\\n" * 5000)
print("last words", flush=True)
os.kill(os.getpid(), signal.SIGSEGV)
"""


def unpack(data: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
        members = tar.getmembers()
        assert len({member.name.split("/")[0] for member in members}) == 1 and all(member.isfile() for member in members)
        return {member.name.split("/", 1)[1]: tar.extractfile(member).read().decode() for member in members}


def crashed(jobs: Jobs, *args: str) -> str:
    job = jobs.submit(CRASH, *args)
    assert jobs.wait_end(job)["reason"] == "CRASHED"
    wait_for(lambda: jobs.show(job)["attempts"][0]["max_rss_bytes"])  # known a moment after the end
    return job


def test_a_bundle_of_a_crash_has_all_that_is_known_of_it(shared: Jobs, tmp_path: Path) -> None:
    job = crashed(shared, "--name", "the crash", "--env", "SHOT=010", "--env", "FARM_TOKEN=hunter2", "--env", "INDEX=https://bob:hunter3@host/x")
    file = tmp_path / "report.tar.gz"
    done = shared.run("bundle", job, "-o", str(file))
    assert done.returncode == 0 and done.stdout == f"{file}\n" and "look through it" in done.stderr
    assert file.stat().st_mode & 0o777 == 0o600 and not (tmp_path / "report.tar.gz.part").exists()
    files = unpack(file.read_bytes())
    assert sorted(files) == ["README.txt", "attempt.json", "crash.txt", "daemon.log", "environment.txt", "exit.json", "job.json", "log.txt", "script.py",
                             "versions.json"]
    assert "SIGSEGV" in files["README.txt"] and all(name in files["README.txt"] for name in files if name != "README.txt")
    assert files["script.py"] == CRASH and "first words" in files["log.txt"] and "last words" in files["log.txt"]
    assert files["crash.txt"].startswith("# backtrace\n") and len(files["crash.txt"]) > 20_000
    seen = json.loads(files["job.json"])
    assert seen["spec"]["display_name"] == "the crash" and seen["error"]["message"] and seen["reason"] == "REASON_CRASHED"
    assert json.loads(files["exit.json"])["signal"] == 11 and json.loads(files["attempt.json"])["usage"]["max_rss_bytes"]
    versions = json.loads(files["versions.json"])
    assert versions["ran"]["blender"] == "4.9.0" and versions["ran"]["python"].startswith("3.") and versions["kernel"] and versions["offstage"]
    assert "SHOT=010\n" in files["environment.txt"] and "FARM_TOKEN=(hidden)\n" in files["environment.txt"]
    assert not [name for name, text in files.items() if "hunter" in text]


def test_secrets_of_the_daemon_s_own_environment_stay_at_home(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon(env={"MY_API_KEY": "hunter4", "SOME_URL": "postgres://me:hunter5@db/x"})
    jobs.daemon.start()
    files = unpack(jobs.daemon.offstage_bytes("bundle", crashed(jobs), "-o", "-").stdout)
    assert "MY_API_KEY=(hidden)\n" in files["environment.txt"] and "SOME_URL=postgres://me:***@db/x\n" in files["environment.txt"]
    assert not [name for name, text in files.items() if "hunter" in text]


def test_each_attempt_has_its_own_log_and_bundle(shared: Jobs, tmp_path: Path) -> None:
    count = tmp_path / "count"
    code = f"""
import os, pathlib
count = pathlib.Path({str(count)!r})
n = len(count.read_text()) + 1 if count.exists() else 1
count.write_text("x" * n)
print("try", n, flush=True)
if n < 3: os.kill(os.getpid(), 6)
"""
    job = shared.submit(code, "--attempts", "3", "--retry-on", "CRASHED")
    seen = shared.wait_end(job)
    assert seen["state"] == "SUCCEEDED" and [(a["number"], a["state"], a["reason"]) for a in seen["attempts"]] == [
        (1, "FAILED", "CRASHED"), (2, "FAILED", "CRASHED"), (3, "SUCCEEDED", None)]
    for number in ("1", "2", "3"):
        assert shared.ok("logs", job, "--attempt", number) == f"try {number}\n"
        assert unpack(shared.daemon.offstage_bytes("bundle", job, "--attempt", number, "-o", "-").stdout)["log.txt"] == f"try {number}\n"
    assert shared.ok("logs", job) == "try 3\n"
    for command in ("logs", "bundle"):
        refused = shared.run(command, job, "--attempt", "4")
        assert refused.returncode == 4 and "from 1 to 3" in refused.stderr


def test_without_a_name_the_file_is_called_after_the_job(shared: Jobs, tmp_path: Path) -> None:
    job = crashed(shared)
    done = json.loads(shared.run("bundle", job, "--json", cwd=tmp_path).stdout)
    assert done == {"file": f"offstage-{job[:12]}-attempt1.tar.gz", "size_bytes": (tmp_path / done["file"]).stat().st_size}


def test_a_place_that_cannot_be_written_is_told_and_nothing_is_left(shared: Jobs, tmp_path: Path) -> None:
    job = crashed(shared)
    done = shared.run("bundle", job, "-o", str(tmp_path / "missing" / "x.tar.gz"))
    assert done.returncode == 1 and "cannot be written" in done.stderr
    assert shared.run("bundle", "f" * 32).returncode == 4


def test_a_job_that_succeeded_or_runs_has_a_bundle_too(shared: Jobs) -> None:
    job, gate = shared.gated()
    assert "begun" in unpack(shared.daemon.offstage_bytes("bundle", job, "-o", "-").stdout)["log.txt"]
    gate.touch()
    shared.wait_end(job)
    assert '"value_json"' in unpack(shared.daemon.offstage_bytes("bundle", job, "-o", "-").stdout)["outcome.json"]
