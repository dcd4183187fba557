# SPDX-License-Identifier: Apache-2.0
"""Files that jobs leave: listed, fetched, delivered; whole or not there, also where the daemon is killed in the middle."""
from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.harness import alive, wait_for
from support.jobs import Jobs

LEAVE = """
import offstage, os, random
noise = random.Random({seed})
for name, size in {files!r}.items():
    path = os.path.join(offstage.out_dir, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(noise.randbytes(size))
"""


def leave(files: dict[str, int], seed: int = 7) -> str:
    """A script that leaves files of these sizes."""
    return LEAVE.format(seed=seed, files=files)


def contents(files: dict[str, int], seed: int = 7) -> dict[str, bytes]:
    noise = random.Random(seed)
    return {name: noise.randbytes(size) for name, size in files.items()}


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def by_tcp(jobs: Jobs, folder: Path) -> list[str]:
    """Lets the daemon serve TCP; options with which the command line reaches it there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    tls = folder / "tls"
    subprocess.run([jobs.daemon.binary, "--make-tls", str(tls)], env=jobs.daemon.env, check=True, capture_output=True)
    jobs.daemon.config.write_text(jobs.daemon.config.read_text() + f'listen = "127.0.0.1:{port}"\ntls_dir = "{tls}"\n')
    return ["--address", f"127.0.0.1:{port}", "--token-file", str(tls / "token"), "--tls-cert", str(tls / "certificate.pem")]


FILES = {"a.png": 100_000, "deep/er/b c ü.exr": 3, "empty": 0}


def test_what_a_script_leaves_is_listed_and_fetched(shared: Jobs, tmp_path: Path) -> None:
    job = shared.submit(leave(FILES))
    assert shared.wait_end(job)["file_count"] == 3 and shared.show(job)["file_bytes"] == 100_003
    want = contents(FILES)
    listed = {row["name"]: (row["size_bytes"], row["sha256"]) for row in rows(shared.ok("files", job, "--json"))}
    assert listed == {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in want.items()}
    assert "deep/er/b c ü.exr" in shared.ok("files", job)
    done = shared.run("fetch", job, "-o", tmp_path / "here")
    assert done.returncode == 0 and tree(tmp_path / "here") == want
    assert sorted(done.stdout.splitlines()) == sorted(str(tmp_path / "here" / name) for name in want) and "3 files written" in done.stderr
    again = rows(shared.ok("fetch", job, "-o", tmp_path / "here", "--json"))
    assert all(row["unchanged"] for row in again)
    assert "files       3, 98 KiB" in shared.ok("show", job)


def test_only_what_the_patterns_mean_is_fetched(shared: Jobs, tmp_path: Path) -> None:
    job = shared.submit(leave(FILES))
    shared.wait_end(job)
    shared.ok("fetch", job, "*.png", "deep", "-o", tmp_path / "here")
    assert set(tree(tmp_path / "here")) == {"a.png", "deep/er/b c ü.exr"}
    done = shared.run("fetch", job, "*.jpg", "-o", tmp_path / "here")
    assert done.returncode == 1 and "no file of that name" in done.stderr


def test_a_file_that_differs_is_not_replaced_unless_forced(shared: Jobs, tmp_path: Path) -> None:
    job = shared.submit(leave(FILES))
    shared.wait_end(job)
    (tmp_path / "a.png").write_text("mine")
    done = shared.run("fetch", job, "-o", tmp_path)
    assert done.returncode == 1 and str(tmp_path / "a.png") in done.stderr and "--force" in done.stderr
    assert (tmp_path / "a.png").read_text() == "mine" and not (tmp_path / "empty").exists()
    shared.ok("fetch", job, "-o", tmp_path, "--force")
    assert (tmp_path / "a.png").read_bytes() == contents(FILES)["a.png"]


def test_a_job_without_files_says_so(shared: Jobs, tmp_path: Path) -> None:
    job = shared.submit("pass")
    shared.wait_end(job)
    assert shared.ok("files", job) == "" and "no files" in shared.run("fetch", job, "-o", tmp_path / "here").stderr
    assert "files " not in shared.ok("show", job)


@pytest.mark.parametrize("ending", ["1 / 0", "import sys; sys.exit(3)"])
def test_a_failed_job_s_files_are_kept(shared: Jobs, tmp_path: Path, ending: str) -> None:
    job = shared.submit(leave(FILES) + ending)
    assert shared.wait_end(job)["state"] == "FAILED"
    shared.ok("fetch", job, "-o", tmp_path / "here")
    assert tree(tmp_path / "here") == contents(FILES)
    assert "files       3, 98 KiB" in shared.ok("show", job)


def test_a_crashed_job_s_files_are_those_that_it_had_announced(shared: Jobs) -> None:
    job = shared.submit("""import offstage, os
for name in ("a", "b"): open(os.path.join(offstage.out_dir, name), "w").write(name)
offstage.save_file(os.path.join(offstage.out_dir, "a"))
os.kill(os.getpid(), 11)""")
    assert shared.wait_end(job)["reason"] == "CRASHED"
    assert [row["name"] for row in rows(shared.ok("files", job, "--json"))] == ["a"]


def test_files_are_seen_and_fetched_while_the_script_goes_on(shared: Jobs, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    job = shared.submit(f"""import offstage, os, time
for i in range(3):
    open("frame", "w").write(str(i))
    offstage.save_file("frame", f"frames/{{i}}.png")
while not os.path.exists({str(gate)!r}): time.sleep(0.01)
open(os.path.join(offstage.out_dir, "last"), "w").write("last")""")
    watching = shared.popen("files", job, "-f", "--json")
    assert watching.stdout is not None
    assert [json.loads(watching.stdout.readline())["name"] for _ in range(3)] == ["frames/0.png", "frames/1.png", "frames/2.png"]
    assert shared.state(job) == "RUNNING"
    shared.ok("fetch", job, "-o", tmp_path / "here")
    assert tree(tmp_path / "here") == {f"frames/{i}.png": str(i).encode() for i in range(3)}
    gate.touch()
    assert json.loads(watching.stdout.readline())["name"] == "last"
    assert watching.stdout.readline() == "" and watching.wait(30) == 0


def test_what_was_changed_in_the_attempts_folder_is_not_handed_out(shared: Jobs, tmp_path: Path) -> None:
    job = shared.submit(leave({"a": 1000}))
    place = Path(shared.wait_end(job)["out_dir"]) / "a"
    place.write_bytes(b"x" * 1000)
    done = shared.run("fetch", job, "-o", tmp_path / "here")
    assert done.returncode == 1 and "not what the job listed" in done.stderr and tree(tmp_path / "here") == {}
    place.unlink()
    place.symlink_to("/etc/passwd")
    done = shared.run("fetch", job, "-o", tmp_path / "here")
    assert done.returncode == 1 and not (tmp_path / "here" / "a").exists()


def test_a_success_is_none_if_its_files_are_changed_behind_its_back(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon()
    jobs.daemon.env["OFFSTAGE_CRASH_AT"] = "pool.before_files_are_checked:1:stop"
    jobs.daemon.start()
    pid = jobs.daemon.pid
    job = jobs.submit(leave({"a": 1000}))
    wait_for(lambda: Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T")
    [place] = (jobs.daemon.folder / "state").rglob("out/a")
    place.write_bytes(b"longer" * 1000)
    os.kill(pid, signal.SIGCONT)
    seen = jobs.wait_end(job)
    assert (seen["state"], seen["reason"]) == ("FAILED", "RESULT_INVALID") and "a has 6000 bytes" in seen["error"]["message"]


# ---- from afar ----


def test_from_afar_files_are_streamed_and_verified(make_daemon: Callable[..., Jobs], tmp_path: Path) -> None:
    jobs = make_daemon()
    afar = by_tcp(jobs, tmp_path)
    jobs.daemon.start()
    files = FILES | {"large": 3_000_000}
    job = jobs.submit(leave(files))
    place = Path(jobs.wait_end(job)["out_dir"])
    jobs.ok(*afar, "fetch", job, "-o", tmp_path / "here")
    assert tree(tmp_path / "here") == contents(files)
    (place / "large").write_bytes(b"x" * 3_000_000)
    done = jobs.run(*afar, "fetch", job, "large", "-o", tmp_path / "there")
    assert done.returncode == 1 and not (tmp_path / "there" / "large").exists()


def test_a_fetch_outlives_a_daemon_that_is_killed(make_daemon: Callable[..., Jobs], tmp_path: Path) -> None:
    jobs = make_daemon()
    afar = by_tcp(jobs, tmp_path)
    jobs.daemon.start()
    files = {"large": 20_000_000}
    job = jobs.submit(leave(files))
    jobs.wait_end(job)
    jobs.ok("daemon", "stop")
    jobs.daemon.env["OFFSTAGE_CRASH_AT"] = "api.file_chunk:30"
    jobs.daemon.start()
    pid = jobs.daemon.pid
    fetching = jobs.popen(*afar, "fetch", job, "-o", tmp_path / "here")
    wait_for(lambda: not alive(pid))
    assert not (tmp_path / "here" / "large").exists() and (tmp_path / "here" / "large.part").stat().st_size <= 30 * (256 << 10)
    del jobs.daemon.env["OFFSTAGE_CRASH_AT"]
    jobs.daemon.start()
    assert fetching.wait(60) == 0
    assert tree(tmp_path / "here") == contents(files)


def test_a_fetch_that_is_killed_goes_on_where_it_was(make_daemon: Callable[..., Jobs], tmp_path: Path) -> None:
    jobs = make_daemon()
    afar = by_tcp(jobs, tmp_path)
    jobs.daemon.env["OFFSTAGE_CRASH_AT"] = "api.file_chunk:30:stop"
    jobs.daemon.start()
    files = {"large": 20_000_000}
    job = jobs.submit(leave(files))
    jobs.wait_end(job)
    pid = jobs.daemon.pid
    fetching = jobs.popen(*afar, "fetch", job, "-o", tmp_path / "here")
    wait_for(lambda: Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T")
    fetching.kill()
    fetching.wait()
    assert set(tree(tmp_path / "here")) == {"large.part"}
    os.kill(pid, signal.SIGCONT)
    jobs.ok(*afar, "fetch", job, "-o", tmp_path / "here")
    assert tree(tmp_path / "here") == contents(files)


# ---- delivered ----


def test_files_are_delivered_before_the_job_has_succeeded(shared: Jobs, tmp_path: Path) -> None:
    done = json.loads(shared.ok("run", shared.script(leave(FILES)), "--deliver", tmp_path / "shots", "--json"))
    assert tree(tmp_path / "shots") == contents(FILES) and done["deliver_to"] == str(tmp_path / "shots")


def test_only_a_success_is_delivered(shared: Jobs, tmp_path: Path) -> None:
    for ending in ("1 / 0", "raise offstage.Cancelled"):
        shared.run("run", shared.script(leave(FILES) + ending), "--deliver", tmp_path / "shots")
    assert not (tmp_path / "shots").exists()


def test_a_folder_that_cannot_be_written_to_is_refused_at_submit(shared: Jobs, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = shared.run("run", shared.script("pass"), "--deliver", tmp_path / "file" / "x")
    assert done.returncode == 2 and "cannot be delivered" in done.stderr


def test_a_folder_that_cannot_be_written_to_any_more_fails_the_job_and_keeps_the_files(shared: Jobs, tmp_path: Path) -> None:
    job = shared.submit(leave(FILES) + f"open({str(tmp_path / 'shots')!r}, 'w')", "--deliver", str(tmp_path / "shots"))
    seen = shared.wait_end(job)
    assert (seen["state"], seen["reason"]) == ("FAILED", "RESULT_INVALID") and str(tmp_path / "shots") in seen["error"]["message"]
    shared.ok("fetch", job, "-o", tmp_path / "here")
    assert tree(tmp_path / "here") == contents(FILES)


POINTS = ["before_files_are_checked", "delivery.copied", "delivery.copied:2", "delivery.renamed", "delivery.done"]


@pytest.mark.parametrize("point", POINTS)
def test_a_daemon_that_dies_while_it_delivers_leaves_nothing_half_written(make_daemon: Callable[..., Jobs], tmp_path: Path, point: str) -> None:
    jobs = make_daemon()
    jobs.daemon.env["OFFSTAGE_CRASH_AT"] = f"pool.{point}"
    jobs.daemon.start()
    pid = jobs.daemon.pid
    job = jobs.submit(leave(FILES), "--deliver", str(tmp_path / "shots"))
    wait_for(lambda: not alive(pid))
    want = contents(FILES)
    for name, data in (tree(tmp_path / "shots") if (tmp_path / "shots").exists() else {}).items():
        assert "/.offstage-" in f"/{name}" or want[name] == data
    del jobs.daemon.env["OFFSTAGE_CRASH_AT"]
    jobs.daemon.start()
    seen = jobs.wait_end(job)
    assert seen["state"] == "SUCCEEDED" and len(seen["attempts"]) == 1
    assert tree(tmp_path / "shots") == want
