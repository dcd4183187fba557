# SPDX-License-Identifier: Apache-2.0
"""Each bad input is refused at submit with exit code 2, says what, where and what to do, and leaves nothing behind."""
from __future__ import annotations

import struct
import uuid
from pathlib import Path

import pytest
from support.jobs import ENDED, Jobs


def refused(jobs: Jobs, *args: object, says: str) -> str:
    before = len(jobs.json("list", "--limit", "1000"))
    done = jobs.run("submit", *args)
    assert done.returncode == 2, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert done.stdout == ""
    assert says.lower() in done.stderr.lower(), done.stderr
    assert "hint" in done.stderr.lower(), f"no word of what to do:\n{done.stderr}"
    assert len(jobs.json("list", "--limit", "1000")) == before
    return done.stderr


@pytest.fixture
def good(shared: Jobs) -> Path:
    return shared.script("pass", "good.py")


def test_a_script_that_is_missing(shared: Jobs) -> None:
    assert "/nowhere/x.py" in refused(shared, "/nowhere/x.py", says="does not exist")


def test_a_script_that_cannot_be_read(shared: Jobs) -> None:
    """Reading /proc/self/mem from its start fails for every user, root too."""
    refused(shared, "/proc/self/mem", says="read")


def test_a_script_that_is_a_folder(shared: Jobs) -> None:
    refused(shared, shared.folder, says="folder")


def test_a_script_that_is_not_utf_8(shared: Jobs) -> None:
    path = shared.folder / "latin1.py"
    path.write_bytes("s = 'café'\n".encode("latin-1"))
    refused(shared, path, says="UTF-8")


def test_a_script_with_a_null_byte_is_a_syntax_error_when_it_runs(shared: Jobs) -> None:
    path = shared.folder / "null.py"
    path.write_bytes(b"s = 1\0\n")
    job = shared.ok("submit", path).strip()
    assert shared.wait_end(job)["reason"] == "SCRIPT_ERROR"


def test_a_script_larger_than_the_limit(shared: Jobs) -> None:
    refused(shared, shared.script("#" * (2 << 20), "big.py"), says="MiB")


def test_a_scene_that_is_missing(shared: Jobs, good: Path) -> None:
    assert "/nowhere/x.blend" in refused(shared, good, "--blend", "/nowhere/x.blend", says="does not exist")


def test_a_scene_that_is_a_folder(shared: Jobs, good: Path) -> None:
    refused(shared, good, "--blend", shared.folder, says="folder")


@pytest.mark.parametrize("content", [b"", b"BLEND", b"not a blend file at all, but long enough to be one", b"\x1f\x8b\x08\x00rubbish"])
def test_a_scene_that_is_no_blend(shared: Jobs, good: Path, content: bytes) -> None:
    path = shared.folder / "odd.blend"
    path.write_bytes(content)
    refused(shared, good, "--blend", path, says="blend")


def test_a_scene_newer_than_every_blender_names_both_versions(shared: Jobs, good: Path) -> None:
    path = shared.folder / "new.blend"
    path.write_bytes(b"BLENDER-v" + b"999" + b"\0" * 64)
    seen = refused(shared, good, "--blend", path, says="9.99")
    newest = max((tuple(map(int, row["version"].split("."))) for row in shared.json("blenders")), default=(0,))
    assert ".".join(map(str, newest)) in seen


def test_a_scene_newer_than_every_blender_in_the_header_of_5_0(shared: Jobs, good: Path) -> None:
    path = shared.folder / "new17.blend"
    path.write_bytes(b"BLENDER17-01v" + b"0999" + struct.pack("<Q", 0) * 8)
    refused(shared, good, "--blend", path, says="9.99")


@pytest.mark.parametrize("selector", ["9.9", ">=9", "<1", "no-such-name", "/nowhere/blender"])
def test_a_blender_that_is_not_here(shared: Jobs, good: Path, selector: str) -> None:
    refused(shared, good, "--blender", selector, says=selector)


@pytest.mark.parametrize("selector", [">=", ">=4.2,", "=>4", "4..2"])
def test_a_selector_that_is_none(shared: Jobs, good: Path, selector: str) -> None:
    refused(shared, good, "--blender", selector, says=selector)


@pytest.mark.parametrize("timeout", ["-5s", "0", "0s", "9999999d", "soon", "nan", "inf", "1e300s", "", "5 parsec"])
def test_a_timeout_that_is_none(shared: Jobs, good: Path, timeout: str) -> None:
    refused(shared, good, f"--timeout={timeout}", says="timeout")


@pytest.mark.parametrize("text", ["[1]", "3", "null", "{", '{"a": NaN}', '{"a": Infinity}', '{"a": 1}x', ""])
def test_parameters_that_are_no_object(shared: Jobs, good: Path, text: str) -> None:
    path = shared.folder / "p.json"
    path.write_text(text)
    refused(shared, good, "--params", path, says="param")


def test_parameters_of_100_mb(shared: Jobs, good: Path) -> None:
    path = shared.folder / "huge.json"
    path.write_text('{"a": "' + "x" * 100_000_000 + '"}')
    refused(shared, good, "--params", path, says="MiB")


@pytest.mark.parametrize("param", ["x", "=1", "x=", "x={", "x=NaN"])
def test_one_parameter_that_is_none(shared: Jobs, good: Path, param: str) -> None:
    refused(shared, good, "--param", param, says="param")


@pytest.mark.parametrize("name", ["n" * 10_000, "two\nlines", "tab\tbed", "\x1b[31mred", "del\x7f"])
def test_a_name_that_is_too_long_or_has_control_characters(shared: Jobs, good: Path, name: str) -> None:
    seen = refused(shared, good, "--name", name, says="name")
    assert "\x1b[31m" not in seen and len(seen) < 4000, "an error must not print what it refuses"


@pytest.mark.parametrize("label", ["Upper=1", "=x", "a b=1", "k=" + "v" * 300, "k=\x1b]0;x\x07"])
def test_a_label_that_is_none(shared: Jobs, good: Path, label: str) -> None:
    refused(shared, good, "--label", label, says="label")


@pytest.mark.parametrize("variable", ["OFFSTAGE_X=1", "LD_PRELOAD=/x.so", "PYTHONHOME=/x", "1X=1", "A B=1", "=1"])
def test_a_variable_that_is_refused(shared: Jobs, good: Path, variable: str) -> None:
    refused(shared, good, "--env", variable, says="env")


@pytest.mark.parametrize(
    ("option", "value"),
    [("--priority", "1001"), ("--priority", "-1001"), ("--attempts", "101"), ("--attempts", "-1"), ("--memory", "1KiB"), ("--memory", "-1"),
     ("--cpus", "100000"), ("--cpus", "x"), ("--isolation", "container"), ("--request-id", "no-uuid")],
)
def test_a_number_or_word_out_of_its_range(shared: Jobs, good: Path, option: str, value: str) -> None:
    refused(shared, good, f"{option}={value}", says=option.strip("-"))


@pytest.mark.parametrize("command", ["show", "cancel", "retry", "delete", "logs", "result", "wait"])
@pytest.mark.parametrize("job", ["0" * 32, "zz", "", "../../etc", "\x1b[31m", "f" * 33])
def test_an_unknown_or_malformed_id_is_no_such_job(shared: Jobs, command: str, job: str) -> None:
    done = shared.run(command, job)
    assert done.returncode == 4, done.stderr
    assert "\x1b" not in done.stderr and done.stdout == ""


def test_cancel_of_a_finished_job_changes_nothing(shared: Jobs) -> None:
    job = shared.submit("pass")
    before = shared.wait_state(job, "SUCCEEDED")
    assert shared.run("cancel", job).returncode == 0
    after = shared.show(job)
    for seen in (before, after): del seen["attempts"]    # what the process used is known a moment after the result
    assert after == before


def test_delete_of_a_running_job_is_refused(shared: Jobs) -> None:
    job, gate = shared.gated()
    done = shared.run("delete", job)
    assert done.returncode != 0 and "cancel" in done.stderr
    gate.touch()
    assert shared.wait_end(job)["state"] == "SUCCEEDED"


def test_result_of_a_job_that_failed_says_so(shared: Jobs) -> None:
    job = shared.submit("1/0")
    assert shared.wait_end(job)["state"] in ENDED
    done = shared.run("result", job)
    assert done.returncode == 1 and done.stdout == "" and "ZeroDivisionError" in done.stderr


def test_the_same_request_id_gives_the_same_job(shared: Jobs, good: Path) -> None:
    request = str(uuid.uuid4())
    first = shared.ok("submit", good, "--request-id", request)
    assert shared.ok("submit", good, "--request-id", request) == first


def test_the_same_request_id_with_another_body_is_refused(shared: Jobs, good: Path) -> None:
    request = str(uuid.uuid4())
    job = shared.ok("submit", good, "--request-id", request).strip()
    refused(shared, good, "--request-id", request, "--name", "another", says="request")
    assert shared.show(job)["id"] == job


def test_an_unknown_option_and_a_missing_script_are_usage_errors(shared: Jobs, good: Path) -> None:
    for args in (["submit"], ["submit", good, "--frobnicate"], ["frobnicate"], ["run", good, "--timeout"]):
        assert shared.run(*args).returncode == 2, args
