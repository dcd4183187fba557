# SPDX-License-Identifier: Apache-2.0
"""A job on a scene: the file that was submitted and no other, and what is checked before the script runs."""
from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.jobs import Jobs

OPENED = "import bpy, offstage\noffstage.result = bpy.data.filepath"


def scene(jobs: Jobs, *lines: str, name: str = "x.blend") -> Path:
    path = jobs.folder / name
    path.write_text("\n".join(["BLENDER-v300 FAKE", *lines]))
    return path


def held(jobs: Jobs, blend: Path) -> str:
    return jobs.submit(OPENED, "--blend", str(blend), "--hold")


def test_a_scene_is_opened_where_it_lies(shared: Jobs) -> None:
    blend = scene(shared)
    assert shared.json("run", shared.script(OPENED), "--blend", blend)["result"] == str(blend)


def test_a_scene_that_was_saved_again_while_its_job_waited_is_not_taken_for_the_one_that_was_submitted(shared: Jobs) -> None:
    blend = scene(shared)
    job = held(shared, blend)
    before = os.stat(blend)
    other = scene(shared, name="other.blend")            # the same content and time, but another file
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(blend)
    shared.ok("release", job)
    seen = shared.wait_end(job)
    assert seen["reason"] == "SCENE_UNREADABLE" and "has changed since it was submitted" in seen["error"]["message"] and str(blend) in seen["error"]["message"]
    assert shared.wait_end(held_and_released(shared, blend))["state"] == "SUCCEEDED", "a new submit takes it as it is now"


def held_and_released(jobs: Jobs, blend: Path) -> str:
    job = held(jobs, blend)
    jobs.ok("release", job)
    return job


def test_a_scene_that_was_only_read_is_the_same(shared: Jobs) -> None:
    blend = scene(shared)
    job = held(shared, blend)
    blend.read_bytes()
    os.link(blend, shared.folder / "a second name")
    os.chmod(blend, 0o600)
    shared.ok("release", job)
    assert shared.wait_end(job)["state"] == "SUCCEEDED"


@pytest.mark.parametrize("isolation", ["fork", "process"])
def test_a_missing_texture_is_a_warning_that_show_tells_with_what_to_do(shared: Jobs, isolation: str) -> None:
    blend = scene(shared, "image //maps/wood.png")
    job = shared.submit(OPENED, "--blend", str(blend), "--isolation", isolation)
    seen = shared.wait_end(job)
    assert seen["state"] == "SUCCEEDED"
    [warning] = seen["warnings"]
    assert warning["code"] == "TEXTURE_MISSING" and warning["metadata"]["path"] == str(shared.folder / "maps" / "wood.png")
    text = shared.ok("show", job)
    assert f"warning     TEXTURE_MISSING: {warning['message']}\nwhat to do  {warning['metadata']['hint']}\n" in text


def test_on_warning_fail_ends_the_job_in_preflight_and_it_succeeds_once_the_file_is_back(shared: Jobs) -> None:
    blend = scene(shared, "image //wood.png")
    marker = shared.folder / "ran"
    job = shared.submit(f"open({str(marker)!r}, 'w')", "--blend", str(blend), "--on-warning", "fail")
    seen = shared.wait_end(job)
    assert (seen["state"], seen["reason"]) == ("FAILED", "PREFLIGHT") and str(shared.folder / "wood.png") in seen["error"]["message"]
    assert seen["warnings"][0]["code"] == "TEXTURE_MISSING" and seen["error"]["hint"] and not marker.exists()
    (shared.folder / "wood.png").touch()
    shared.ok("retry", job)
    seen = shared.wait_end(job)
    assert seen["state"] == "SUCCEEDED" and seen["warnings"] == [] and marker.exists()
    again = shared.run("run", shared.script(OPENED), "--blend", blend, "--on-warning", "fail")
    assert again.returncode == 0, again.stderr


def test_a_warm_scene_is_judged_as_it_is_now(shared: Jobs) -> None:
    blend = scene(shared, "image //wood.png")
    shared.ok("warm", blend)
    refused = shared.run("run", shared.script(OPENED), "--blend", blend, "--on-warning", "fail")
    assert refused.returncode == 1 and "wood.png does not exist" in refused.stderr
    (shared.folder / "wood.png").touch()
    shared.ok("run", shared.script(OPENED), "--blend", blend, "--on-warning", "fail")
    (shared.folder / "wood.png").unlink()
    assert shared.run("run", shared.script(OPENED), "--blend", blend, "--on-warning", "fail").returncode == 1


def test_a_job_without_a_scene_has_nothing_to_warn_of(shared: Jobs) -> None:
    assert shared.json("run", shared.script("pass"), "--on-warning", "fail")["warnings"] == []


def test_on_warning_takes_two_words(shared: Jobs) -> None:
    done = shared.run("run", shared.script("pass"), "--on-warning", "perhaps")
    assert done.returncode == 2 and "warn or fail" in done.stderr


def test_very_many_warnings_travel_in_bounds(shared: Jobs) -> None:
    blend = scene(shared, *(f"image //{'long' * 40}/{number}.png" for number in range(3000)))
    job = shared.submit(OPENED, "--blend", str(blend))
    warnings = shared.wait_end(job)["warnings"]
    assert len(warnings) == 100 and warnings[-1]["metadata"]["more"] == "2901"
    assert "and 90 more" in shared.ok("show", job)
