# SPDX-License-Identifier: Apache-2.0
"""Why jobs fail, on a real Blender, forked and cold. All reasons, on a fake one: tests/integration/test_reasons.py."""
from __future__ import annotations

import io
import json
import os
import signal
import tarfile
from collections.abc import Callable

import pytest
from support.harness import Daemon, wait_for

ISOLATIONS = ("fork", "process")
PAUSE = "import bpy, time\nprint('waiting', len(bpy.data.objects), flush=True)\ntime.sleep(600)\n"


def run(daemon: Daemon, path: str, *options: str) -> dict:
    return json.loads(daemon.offstage("run", path, "--json", *options, timeout=120).stdout)


def running(daemon: Daemon, path: str, *options: str) -> tuple[str, int]:
    """A job that waits, and its worker's pid."""
    job = daemon.offstage("submit", path, *options).stdout.strip()
    wait_for(lambda: "waiting" in daemon.offstage("logs", job).stdout)
    return job, daemon.json("show", job)["attempts"][0]["pid"]


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_null_dereference_is_a_crash_with_last_words_and_a_bundle(own: Daemon, script: Callable[..., str], blender: str, isolation: str) -> None:
    path = script("import bpy, ctypes\nbpy.ops.mesh.primitive_monkey_add()\nprint('last words', flush=True)\nctypes.string_at(0)")
    seen = run(own, path, "--isolation", isolation)
    assert seen["reason"] == "CRASHED" and seen["error"]["fields"]["signal"] == "SIGSEGV" and "last words" in seen["error"]["fields"]["last_log_lines"]
    shown = own.offstage("show", seen["id"]).stdout
    assert shown.startswith("FAILED CRASHED\n\nwhat          the script was killed by signal 11 (SIGSEGV: invalid memory access)\n") and "last words" in shown
    packed = own.offstage_bytes("bundle", seen["id"], "-o", "-").stdout
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as tar:
        files = {member.name.split("/")[1]: tar.extractfile(member).read().decode("utf-8", "replace") for member in tar.getmembers()}
    assert "last words" in files["log.txt"] and json.loads(files["versions.json"])["ran"]["python"]
    if "python" not in os.path.basename(blender):  # a Python with bpy has no handler for it
        assert "backtrace" in files["crash.txt"].lower() and "backtrace" in seen["error"]["fields"]["crash_report"].lower()


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_too_much_memory_under_a_limit_is_out_of_memory(own: Daemon, script: Callable[..., str], isolation: str) -> None:
    path = script("import bpy\nblocks = []\nwhile True: blocks.append(bytearray(b'x') * (16 << 20))")
    seen = run(own, path, "--isolation", isolation, "--memory", "256MiB")
    assert seen["reason"] == "OUT_OF_MEMORY", seen["error"]


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_memory_error_under_a_limit_is_out_of_memory_and_without_one_the_script_s(own: Daemon, script: Callable[..., str], isolation: str) -> None:
    path = script("import bpy\nbytearray(1 << 60)")
    assert run(own, path, "--isolation", isolation, "--memory", "1GiB")["reason"] == "OUT_OF_MEMORY"
    seen = run(own, path, "--isolation", isolation)
    assert seen["reason"] == "SCRIPT_ERROR" and seen["error"]["type"] == "MemoryError"


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_a_signal_from_outside_is_one_that_none_of_us_sent(own: Daemon, script: Callable[..., str], isolation: str, number: signal.Signals) -> None:
    job, pid = running(own, script(PAUSE), "--isolation", isolation)
    os.kill(pid, number)
    assert own.offstage("wait", job, timeout=60).returncode == 1
    seen = own.json("show", job)
    assert seen["reason"] == "CRASHED" and seen["error"]["message"] == f"the script was killed by signal {int(number)} ({number.name}) that none of us sent"


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_an_exit_code_is_the_script_s_own_word(own: Daemon, script: Callable[..., str], isolation: str) -> None:
    seen = run(own, script("import bpy, sys\nprint('no camera')\nsys.exit(3)"), "--isolation", isolation)
    assert seen["reason"] == "EXIT_CODE" and seen["error"]["fields"]["exit_code"] == "3" and seen["error"]["hint"]
    seen = run(own, script("import bpy, os\nos._exit(5)"), "--isolation", isolation)
    assert seen["reason"] == "CRASHED" and seen["error"]["fields"]["exit_code"] == "5"


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_picture_for_which_there_is_no_room_is_a_full_disk(own: Daemon, script: Callable[..., str], isolation: str) -> None:
    code = """
import bpy
image = bpy.data.images.new("x", 64, 64)
with open("/dev/full", "wb") as file:
    file.write(b"x" * 65536)
"""
    seen = run(own, script(code), "--isolation", isolation)
    assert seen["reason"] == "DISK_FULL" and seen["error"]["hint"]
