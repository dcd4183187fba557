# SPDX-License-Identifier: Apache-2.0
"""What a Blender is given before a scene is opened, on real ones: preferences, paths, script folders, add-ons."""
from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from stage import Stage
from wire_host import value

ADDON = """
bl_info = {"name": "Shapes", "version": (1, 2, 0), "blender": (3, 0, 0), "category": "Object"}
import bpy
class Preferences(bpy.types.AddonPreferences):
    bl_idname = __package__ or __name__
    size: bpy.props.FloatProperty(default=1.0)
class OBJECT_OT_shape(bpy.types.Operator):
    bl_idname, bl_label = "object.shape", "Shape"
    def execute(self, context):
        bpy.data.meshes.new("made %g" % context.preferences.addons[Preferences.bl_idname].preferences.size)
        return {"FINISHED"}
def register():
    for each in (Preferences, OBJECT_OT_shape): bpy.utils.register_class(each)
def unregister():
    for each in (Preferences, OBJECT_OT_shape): bpy.utils.unregister_class(each)
"""
USE = "bpy.ops.object.shape()\noffstage.result = [mesh.name for mesh in bpy.data.meshes if mesh.name.startswith('made')]"


def run(stage: Stage, load: dict[str, Any], script: str) -> dict[str, Any]:
    """The outcome of a job that gives itself the environment first."""
    return stage.host.run(stage.keeper, f"""
import bpy, json, offstage, tempfile
from offstage_worker import environment
environment.apply(json.loads({json.dumps(load)!r}), tempfile.mkdtemp())
{script}
""")


def refusal(stage: Stage, load: dict[str, Any]) -> str:
    outcome = run(stage, load, "")
    assert outcome["state"] == "failed" and outcome["error"]["type"].endswith("environment.Unusable"), outcome
    return outcome["error"]["message"]


@pytest.fixture(scope="module", params=["file", "folder", "zip", "zip of a folder"])
def source(request: pytest.FixtureRequest, stage: Stage) -> str:
    home = Path(stage.path(f"addons {request.param}/x")).parent
    if request.param == "file":
        (home / "shapes_tool.py").write_text(ADDON)
        return str(home / "shapes_tool.py")
    folder = home / "shapes-tool-main"                   # a checkout is seldom called like the module
    folder.mkdir()
    (folder / "__init__.py").write_text(ADDON + "from . import part\n")
    (folder / "part.py").write_text("")
    if request.param == "folder":
        return str(folder)
    with zipfile.ZipFile(home / "shapes.zip", "w") as archive:
        for name in ("__init__.py", "part.py"):
            archive.write(folder / name, name if request.param == "zip" else f"shapes_tool/{name}")
    return str(home / "shapes.zip")


def test_an_add_on_works_wherever_it_comes_from(stage: Stage, source: str):
    addon = {"module": "shapes_tool", "path": source, "version": "1.2", "preferences": {"size": 2.5}}
    assert value(run(stage, {"addons": [addon]}, USE)) == ["made 2.5"]


def test_another_version_is_refused_with_both(stage: Stage, source: str):
    told = refusal(stage, {"addons": [{"module": "shapes_tool", "path": source, "version": "1.3.0"}]})
    assert "1.2.0" in told and "1.3.0" in told and "shapes_tool" in told


def test_an_extension_has_the_version_of_its_manifest_and_its_wheels(stage: Stage):
    folder = Path(stage.path("extension/shapes/__init__.py")).parent
    (folder / "wheels").mkdir()
    with zipfile.ZipFile(folder / "wheels" / "measure-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("measure.py", "LENGTH = 7")
    (folder / "__init__.py").write_text("import bpy, measure\ndef register():\n    bpy.data.meshes.new(f'made {measure.LENGTH}')\ndef unregister(): pass\n")
    (folder / "blender_manifest.toml").write_text('id = "shapes"\nversion = "2.0.1"\nwheels = ["./wheels/measure-1.0-py3-none-any.whl"]\n')
    look = "offstage.result = [mesh.name for mesh in bpy.data.meshes if mesh.name.startswith('made')]"
    addon = {"module": "shapes", "path": str(folder), "version": "2.0.1"}
    if value(run(stage, {}, "offstage.result = bpy.app.version >= (4, 2, 0)")):
        assert value(run(stage, {"addons": [addon]}, look)) == ["made 7"]
        assert "2.0.1" in refusal(stage, {"addons": [{**addon, "version": "2.0.0"}]})
    else:
        assert "shapes cannot be enabled" in refusal(stage, {"addons": [addon]}), "extensions came with 4.2"


@pytest.mark.parametrize(("name", "text", "says"), [
    ("broken", "import a_module_that_nobody_has", "a_module_that_nobody_has"),
    ("rude", 'bl_info = {"name": "R", "blender": (3, 0, 0)}\ndef register(): raise OSError("no licence")', "no licence"),
])
def test_an_add_on_that_fails_says_why(stage: Stage, name: str, text: str, says: str):
    path = Path(stage.path(f"bad/{name}.py"))
    path.write_text(text)
    assert says in refusal(stage, {"addons": [{"module": name, "path": str(path)}]})


def test_an_add_on_that_is_not_there_says_so(stage: Stage):
    assert "does not exist" in refusal(stage, {"addons": [{"module": "x", "path": "/nowhere/x"}]})
    assert "no_such_addon" in refusal(stage, {"addons": [{"module": "no_such_addon"}]})


def test_one_that_blender_brings_needs_no_path(stage: Stage):
    script = "import addon_utils\noffstage.result = addon_utils.check('io_scene_fbx')[1]"
    assert value(run(stage, {"addons": [{"module": "io_scene_fbx"}]}, script)) is True


def test_python_paths_come_first_and_in_order(stage: Stage):
    for name in ("one", "two"):
        Path(stage.path(f"py/{name}/which.py")).write_text(f"NAME = {name!r}")
    paths = [stage.path("py/one"), stage.path("py/two")]
    assert value(run(stage, {"python_paths": paths}, f"import sys, which\noffstage.result = [which.NAME, sys.path[:2] == {paths!r}]")) == ["one", True]


def test_a_script_folder_is_registered_and_importable(stage: Stage):
    folder = Path(stage.path("scripts/startup/hello.py")).parents[1]
    (folder / "startup" / "hello.py").write_text("def register():\n    import bpy, tools_of_ours\n    bpy.data.meshes.new(tools_of_ours.NAME)\n")
    Path(stage.path("scripts/modules/tools_of_ours.py")).write_text("NAME = 'ours'")
    assert value(run(stage, {"script_folders": [str(folder)]}, "offstage.result = 'ours' in bpy.data.meshes")) is True
    assert "/nowhere" in refusal(stage, {"script_folders": ["/nowhere"]})


def test_asset_libraries_are_known_and_one_of_the_same_name_is_replaced(stage: Stage):
    folders = [str(Path(stage.path(f"assets/{name}/x")).parent) for name in ("one", "two")]
    libraries = [{"name": "our props", "path": folders[0]}, {"name": "User Library", "path": folders[1]}]
    look = "offstage.result = {each.name: each.path for each in bpy.context.preferences.filepaths.asset_libraries}"
    assert value(run(stage, {"asset_libraries": libraries}, look)) == {"our props": folders[0], "User Library": folders[1]}
    assert "/nowhere is no folder" in refusal(stage, {"asset_libraries": [{"name": "x", "path": "/nowhere"}]})


def test_preferences_are_the_snapshot_s_but_trust_and_folders_are_the_job_s(stage: Stage):
    path = stage.path("prefs/mine.blend")
    value(stage.host.run(stage.keeper, f"""
import bpy, offstage, os, shutil, tempfile
os.environ["BLENDER_USER_CONFIG"] = folder = tempfile.mkdtemp()
bpy.context.preferences.view.ui_scale = 1.5
bpy.context.preferences.filepaths.use_scripts_auto_execute = True
bpy.context.preferences.filepaths.temporary_directory = "/nowhere"
bpy.ops.wm.save_userpref()
shutil.copy(folder + "/userpref.blend", {path!r})
"""))
    look = """
import os
prefs = bpy.context.preferences
offstage.result = [prefs.view.ui_scale, prefs.filepaths.use_scripts_auto_execute, prefs.filepaths.temporary_directory == os.environ["TMPDIR"],
                   "BLENDER_USER_CONFIG" in os.environ, os.path.isdir(bpy.app.tempdir)]
"""
    assert value(run(stage, {"preferences": path}, look)) == [1.5, False, True, False, True]
    assert "/nowhere/userpref.blend" in refusal(stage, {"preferences": "/nowhere/userpref.blend"})


@pytest.mark.parametrize("isolation", ["fork", "process"])
def test_a_job_names_its_add_on_and_an_edit_is_seen_by_the_next_one(shared, script, tmp_path, isolation: str):
    addon = tmp_path / "shapes_tool.py"
    for name in ("made", "shaped"):
        addon.write_text(ADDON.replace("made %g", f"{name} %g"))
        code = f"import bpy, offstage\nbpy.ops.object.shape()\noffstage.result = [m.name for m in bpy.data.meshes if m.name.startswith({name!r})]"
        done = shared.offstage("run", script(code), "--addon", f"shapes_tool==1.2@{addon}", "--isolation", isolation, timeout=180)
        assert json.loads(done.stdout or "null") == [f"{name} 1"], done.stderr
    done = shared.offstage("run", script("pass"), "--addon", f"shapes_tool==9@{addon}", "--isolation", isolation, timeout=180)
    assert done.returncode == 1 and "is 1.2.0, and 9 was asked for" in done.stderr


@pytest.mark.parametrize("isolation", ["fork", "process"])
def test_a_wrapper_is_around_it_whether_it_execs_or_waits(shared, script, tmp_path, isolation: str):
    code = script("import os, offstage\noffstage.result = os.environ.get('STUDIO')")
    for last in ('exec "$@"', '"$@"'):
        wrapper = tmp_path / "wrap.sh"
        wrapper.write_text(f'#!/bin/sh\nexport STUDIO="$1"\nshift\n{last}\n')
        wrapper.chmod(0o700)
        done = shared.offstage("run", code, "--wrapper", f"{wrapper} ours", "--isolation", isolation, timeout=180)
        assert json.loads(done.stdout or "null") == "ours", done.stderr
    done = shared.offstage("run", code, "--wrapper", "env STUDIO=theirs", "--isolation", isolation, timeout=180)
    assert json.loads(done.stdout or "null") == "theirs", done.stderr
