# SPDX-License-Identifier: Apache-2.0
"""What real Blenders tell of GPUs on a machine that need not have one: all are hidden, and what was asked for and is not there is an error."""
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.harness import Daemon

LOOK = """
import bpy, offstage
cycles = bpy.context.preferences.addons["cycles"].preferences
start = dict(entry.partition("=")[::2] for entry in open("/proc/self/environ").read().split("\\0"))   # what it was started with
offstage.result = [start["CUDA_VISIBLE_DEVICES"], start["ZE_AFFINITY_MASK"], cycles.compute_device_type, len(bpy.data.objects)]
"""


@pytest.fixture(scope="module")
def with_one(blender: str, shared: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that believes in a GPU 97."""
    from conftest import config
    with Daemon(tmp_path_factory.mktemp("gpu"), config(blender) + 'gpus = "97"\n', proof_cache=shared.proof_cache) as daemon:
        yield daemon


@pytest.mark.parametrize("isolation", ["fork", "process"])
def test_all_are_hidden_by_default(shared: Daemon, script, isolation: str):
    done = shared.offstage("run", script(LOOK), "--isolation", isolation, timeout=180)
    assert json.loads(done.stdout or "null") == ["-1", "65535", "NONE", 3], done.stderr


def test_those_that_are_given_are_visible_from_the_start_of_a_blender_that_is_as_good_as_any(with_one: Daemon, script):
    done = with_one.offstage("run", script(LOOK), "--gpus", "1", "--compute", "none", timeout=180)
    assert json.loads(done.stdout or "null") == ["97", "97", "NONE", 3], done.stderr


@pytest.mark.parametrize("compute", ["cuda", "optix", "hip", "oneapi", "metal", "auto"])
def test_a_backend_that_is_not_there_fails_the_job(with_one: Daemon, script, compute: str):
    done = with_one.offstage("run", script("print('rendered on the CPU')"), "--gpus", "1", "--compute", compute, timeout=180)
    asked = "CUDA" if compute == "auto" else compute.upper()
    assert done.returncode == 1 and "rendered" not in done.stdout
    assert f"{asked} sees none of the 1 GPUs" in done.stderr or f"was built without {asked}" in done.stderr, done.stderr


def test_a_scene_is_opened_in_it(with_one: Daemon, shared: Daemon, script, tmp_path: Path):
    blend = tmp_path / "x.blend"
    make = script(f"import bpy\nbpy.data.objects['Cube'].name = 'Crate'\nbpy.ops.wm.save_as_mainfile(filepath={str(blend)!r})")
    done = shared.offstage("run", make, timeout=180)
    assert done.returncode == 0, done.stderr
    look = script("import bpy, offstage\noffstage.result = 'Crate' in bpy.data.objects")
    done = with_one.offstage("run", look, "--blend", str(blend), "--gpus", "1", "--compute", "none", timeout=180)
    assert json.loads(done.stdout or "null") is True, done.stderr
