# SPDX-License-Identifier: Apache-2.0
"""Files that go with a job: by path on the daemon's machine, as blobs from afar; kills in the middle; what is left when jobs go."""
from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.harness import wait_for
from support.jobs import Jobs

READ = """
import hashlib, offstage, os, pathlib
offstage.result = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(pathlib.Path('.').rglob('*')) if path.is_file()}
"""


def large(path: Path, size: int) -> str:
    """Its SHA-256."""
    content = os.urandom(size)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def state_folder(jobs: Jobs) -> Path:
    return Path(jobs.json("status")["state_dir"])


def blobs(state: Path) -> list[str]:
    return sorted(path.parent.name + path.name for path in (state / "blobs").glob("??/*"))


@pytest.fixture
def from_afar(make_daemon: Callable[..., Jobs], tmp_path: Path) -> tuple[Jobs, list[str]]:
    """A daemon that is served by TCP, too, not started yet, and the options that reach it so."""
    jobs = make_daemon()
    tls = tmp_path / "tls"
    subprocess.run([jobs.daemon.binary, "--make-tls", tls], check=True, capture_output=True, env=jobs.daemon.env)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    jobs.daemon.config.write_text(jobs.daemon.config.read_text() + f'listen = "127.0.0.1:{port}"\ntls_dir = "{tls}"\n')
    return jobs, ["--address", f"localhost:{port}", "--tls-cert", str(tls / "certificate.pem"), "--token-file", str(tls / "token")]


def test_a_script_finds_its_inputs_under_their_names(shared: Jobs, tmp_path: Path) -> None:
    one, other = large(tmp_path / "one.bin", 3_000_000), large(tmp_path / "a=b.txt", 10)
    seen = json.loads(shared.ok("run", shared.script(READ), "--input", tmp_path / "one.bin", "--input", f"{tmp_path / 'one.bin'}=textures/wood.png",
                                "--input", tmp_path / "a=b.txt"))
    assert seen == {"one.bin": one, "textures/wood.png": one, "a=b.txt": other}


def test_a_retried_attempt_finds_them_as_they_were_whatever_became_of_the_file(shared: Jobs, tmp_path: Path) -> None:
    source = tmp_path / "a.txt"
    source.write_text("before")
    code = "import pathlib, sys\ntext = pathlib.Path('a.txt').read_text()\npathlib.Path('a.txt').write_text('spoilt')\nprint('found', text)\nsys.exit(3)"
    job = shared.submit(code, "--input", source, "--hold")
    source.write_text("after")
    shared.ok("release", job)
    assert shared.wait_end(job)["reason"] == "EXIT_CODE"
    assert "found before" in shared.ok("logs", job)
    shared.ok("retry", job)
    assert len(shared.wait_end(job)["attempts"]) == 2
    assert "found before" in shared.ok("logs", job)


@pytest.mark.parametrize(("text", "words"), [
    ("missing.txt", "no such file"), ("folder", "folder"), ("a.txt=", "name is empty"), ("a.txt=../x", "spec.inputs[0].name"), ("a.txt=/x", "absolute"),
    ("a.txt=.x", "dot"),
])
def test_an_input_that_cannot_be_is_refused_and_told(shared: Jobs, tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "folder").mkdir()
    before = sorted((state_folder(shared) / "inputs").iterdir())
    done = shared.run("submit", shared.script("pass"), "--input", tmp_path / text)
    assert done.returncode == 2 and words in done.stderr, done.stderr
    assert sorted((state_folder(shared) / "inputs").iterdir()) == before


def test_inputs_go_with_their_job(daemon: Jobs, tmp_path: Path) -> None:
    large(tmp_path / "a", 1000)
    job = daemon.submit("pass", "--input", tmp_path / "a")
    folder = state_folder(daemon) / "inputs" / job
    daemon.wait_end(job)
    assert (folder / "a").stat().st_mode & 0o777 == 0o400
    assert daemon.json("gc", "--dry-run") == []
    daemon.ok("delete", job)
    told = daemon.json("gc", "--dry-run")
    assert [(one["kind"], one["count"], one["bytes"], one["names"]) for one in told] == [("inputs", 1, 1000, [str(folder)])]
    assert folder.exists()
    daemon.ok("gc")
    assert not folder.exists()


def test_inputs_of_jobs_that_went_while_no_daemon_ran_go_after_the_next_start(make_daemon: Callable[..., Jobs], tmp_path: Path) -> None:
    jobs = make_daemon("slots = 4\n")
    jobs.daemon.start()
    large(tmp_path / "a", 1000)
    kept = jobs.submit("pass", "--input", tmp_path / "a", "--hold")
    state = state_folder(jobs)
    jobs.daemon.kill()
    (state / "inputs" / ("0" * 32)).mkdir()
    (state / "inputs" / ("0" * 32) / "half").write_text("x")
    jobs.daemon.start()
    wait_for(lambda: [path.name for path in (state / "inputs").iterdir()] == [kept])


def test_a_staged_file_is_handed_over(shared: Jobs) -> None:
    staging = Path(shared.json("status")["staging_folder"])
    sha = large(staging / "big.bin", 1_000_000)
    inode = (staging / "big.bin").stat().st_ino
    job = shared.ok("submit", shared.script(READ), "--input", staging / "big.bin").strip()
    assert (state_folder(shared) / "inputs" / job / "big.bin").stat().st_ino == inode
    assert not (staging / "big.bin").exists()
    shared.wait_end(job)
    assert json.loads(shared.ok("result", job)) == {"big.bin": sha}


def test_a_full_quota_refuses_and_says_what_to_do(make_daemon: Callable[..., Jobs], tmp_path: Path) -> None:
    jobs = make_daemon('slots = 4\nblob_bytes = "1MiB"\n')
    jobs.daemon.start()
    large(tmp_path / "a", 700_000)
    first = jobs.submit("pass", "--input", tmp_path / "a")
    done = jobs.run("submit", jobs.script("pass"), "--input", tmp_path / "a")
    assert done.returncode == 2 and "blob_bytes" in done.stderr and "gc" in done.stderr
    jobs.wait_end(first)
    jobs.ok("delete", first)
    jobs.ok("gc")
    jobs.ok("submit", jobs.script("pass"), "--input", tmp_path / "a")


# ---- from afar ----


def test_from_afar_inputs_are_sent_once(from_afar: tuple[Jobs, list[str]], tmp_path: Path) -> None:
    jobs, there = from_afar
    jobs.daemon.start()
    sha = large(tmp_path / "a", 5_000_000)
    for name in ("x/a.bin", "b.bin"):
        assert json.loads(jobs.ok(*there, "run", jobs.script(READ), "--input", f"{tmp_path / 'a'}={name}")) == {name: sha}
    assert blobs(state_folder(jobs)) == [sha]
    assert len(list((state_folder(jobs) / "inputs").rglob("*.bin"))) == 2


def test_from_afar_a_blend_of_this_machine_is_explained_and_can_be_sent(from_afar: tuple[Jobs, list[str]], tmp_path: Path) -> None:
    jobs, there = from_afar
    jobs.daemon.start()
    code = jobs.script("import bpy, offstage\noffstage.result = [obj.name for obj in bpy.data.objects]")
    here = tmp_path / "here" / "x.blend"
    here.parent.mkdir()
    here.write_bytes(b"BLENDER-v304" + b"x" * 100)
    refused = jobs.run(*there, "run", code, "--blend", tmp_path / "nothing.blend")
    assert refused.returncode == 2 and "--blend-by-value" not in refused.stderr
    done = jobs.run(*there, "submit", code, "--blend-by-value", here, "--original-path", "/nowhere/y.blend", "--hold")
    assert done.returncode == 0, done.stderr
    scene = state_folder(jobs) / "inputs" / done.stdout.strip() / ".scene.blend"
    assert scene.read_bytes() == here.read_bytes()


@pytest.mark.parametrize("place", ["blob.after_chunk:4", "blob.before_rename", "blob.after_rename"])
def test_kill_9_in_the_middle_of_a_blob_leaves_nothing_half_and_the_write_goes_on(from_afar: tuple[Jobs, list[str]], tmp_path: Path, place: str) -> None:
    jobs, there = from_afar
    jobs.daemon.env["OFFSTAGE_CRASH_AT"] = place
    jobs.daemon.start()
    pid, state = jobs.daemon.pid, state_folder(jobs)
    sha = large(tmp_path / "a", 8 << 20)
    client = jobs.popen(*there, "run", jobs.script(READ), "--input", tmp_path / "a")
    wait_for(lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0])
    for name in blobs(state):
        assert hashlib.sha256((state / "blobs" / name[:2] / name[2:]).read_bytes()).hexdigest() == name
    if place.startswith("blob.after_chunk"):
        assert (state / "blobs" / "partial" / sha).stat().st_size == 4 << 20
    del jobs.daemon.env["OFFSTAGE_CRASH_AT"]
    jobs.daemon.start()
    out, err = client.communicate(timeout=120)
    assert client.returncode == 0, err
    assert json.loads(out) == {"a": sha}
    assert blobs(state) == [sha] and list((state / "blobs" / "partial").iterdir()) == []


@pytest.mark.parametrize("place", ["inputs.after_one", "inputs.taken"])
def test_kill_9_while_inputs_are_taken_makes_no_job_by_half_and_the_submit_goes_on(make_daemon: Callable[..., Jobs], tmp_path: Path, place: str) -> None:
    jobs = make_daemon()
    jobs.daemon.env["OFFSTAGE_CRASH_AT"] = place
    jobs.daemon.start()
    pid, staging = jobs.daemon.pid, Path(jobs.json("status")["staging_folder"])
    one, other = large(staging / "staged", 1_000_000), large(tmp_path / "b", 1_000_000)
    client = jobs.popen("run", jobs.script(READ), "--input", staging / "staged", "--input", tmp_path / "b")
    wait_for(lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0])
    del jobs.daemon.env["OFFSTAGE_CRASH_AT"]
    jobs.daemon.start()
    out, err = client.communicate(timeout=120)
    assert client.returncode == 0, err
    assert json.loads(out) == {"staged": one, "b": other}
    assert len(jobs.json("list")) == 1 and len(list((state_folder(jobs) / "inputs").iterdir())) == 1
    assert not (staging / "staged").exists()
