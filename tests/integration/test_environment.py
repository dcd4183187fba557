# SPDX-License-Identifier: Apache-2.0
"""What a job's Blender has loaded beside a scene: it is there, it is of this moment, and what cannot be had is said."""
from __future__ import annotations

import json

import pytest
from support.jobs import Jobs

LOOK = "import offstage, ours\noffstage.result = ours.WHICH"


@pytest.mark.parametrize("isolation", ["fork", "process"])
def test_python_paths_are_those_of_the_submit_and_an_edit_is_seen_by_the_next_job(shared: Jobs, isolation: str) -> None:
    folder = shared.folder / "lib"
    folder.mkdir()
    for which in (1, 22):
        (folder / "ours.py").write_text(f"WHICH = {which}")
        assert json.loads(shared.ok("run", shared.script(LOOK), "--python-path", folder, "--isolation", isolation)) == which
    assert shared.run("run", shared.script(LOOK)).returncode == 1, "and nobody else has it"


def test_a_path_that_is_not_there_is_refused(shared: Jobs) -> None:
    for option in ("--python-path", "--script-folder", "--preferences", "--asset-library"):
        path = "props=/nowhere/x" if option == "--asset-library" else "/nowhere/x"
        done = shared.run("submit", shared.script("pass"), option, path)
        assert done.returncode != 0 and "/nowhere/x does not exist" in done.stderr
    done = shared.run("submit", shared.script("pass"), "--addon", "shapes@/nowhere/shapes")
    assert done.returncode != 0 and "/nowhere/shapes" in done.stderr


@pytest.mark.parametrize("isolation", ["fork", "process"])
def test_asset_libraries_are_known_under_their_names_to_that_job_alone(shared: Jobs, isolation: str) -> None:
    look = "import bpy, offstage\noffstage.result = [[each.name, each.path] for each in bpy.context.preferences.filepaths.asset_libraries]"
    props, trees = shared.folder / "props", shared.folder / "trees"
    props.mkdir()
    trees.mkdir()
    options = ["--asset-library", f"props={props}", "--asset-library", f"trees={trees}", "--isolation", isolation]
    assert json.loads(shared.ok("run", shared.script(look), *options)) == [["props", str(props)], ["trees", str(trees)]]
    assert json.loads(shared.ok("run", shared.script(look), "--isolation", isolation)) == []


def test_an_add_on_of_another_version_is_refused_at_submit(shared: Jobs) -> None:
    folder = shared.folder / "shapes"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "blender_manifest.toml").write_text('id = "shapes"\nversion = "2.0.1"\n')
    done = shared.run("submit", shared.script("pass"), "--addon", f"shapes==3.0.0@{folder}")
    assert done.returncode != 0 and "2.0.1" in done.stderr and "3.0.0" in done.stderr


def test_what_cannot_be_loaded_ends_the_job_and_says_so(shared: Jobs) -> None:
    path = shared.folder / "broken.txt"
    path.write_text("no folder")
    for isolation in ("fork", "process"):
        job = shared.submit("print('ran')", "--script-folder", str(path), "--isolation", isolation)
        seen = shared.wait_end(job)
        assert seen["reason"] == "BLENDER_UNAVAILABLE" and str(path) in seen["error"]["message"] and seen["error"]["hint"]
        assert "ran" not in shared.ok("logs", job)
