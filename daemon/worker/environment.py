# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Blender is given besides a scene, before anything is opened: preferences, Python paths, script folders, asset libraries,
add-ons, compute devices. Needs bpy.

    {"preferences": "/abs/userpref.blend", "python_paths": ["/abs"], "script_folders": ["/abs"], "asset_libraries": [{"name": "props", "path": "/abs"}],
     "addons": [{"module": "name", "version": "1.2.0", "path": "/abs/folder, .py or .zip", "preferences": {"key": value}}],
     "gpus": 2, "compute": "CUDA"}

All keys may be absent. Whatever was asked for and cannot be had is an error: a job that names an add-on is not to run without it. An add-on with a path is
seen by Python under a private folder of ours that holds nothing else, so a neighbour of it is not importable by accident.
"""

import importlib
import os
import sys
import tempfile
import traceback
from typing import Any

from . import addon_files, compute

Load = dict[str, Any]


failure = ""                             # why the environment of this process cannot be had; its job is told


class Unusable(Exception):
    """The environment cannot be had; the text says which part, and why."""


def enter(load: Load | None) -> None:
    """Applies it, in a zygote for all children to come. What is wrong with it is told by each job: no Blender is to be blamed."""
    global failure
    if not load:
        return
    try:
        apply(load, tempfile.mkdtemp(prefix="offstage-"))
    except Unusable as error:
        failure = str(error)
        print(failure, flush=True)


def refusal() -> dict[str, Any]:
    """The end of a job whose environment cannot be had; empty if it can."""
    return {"state": "failed", "reason": "BLENDER_UNAVAILABLE", "message": f"the job's environment cannot be had: {failure}",
            "hint": "mend what the message names, then submit the job again"} if failure else {}


def apply(load: Load, folder: str) -> None:
    """Once per process, before a scene is opened. `folder` is a private one that lives as long as the process."""
    if path := load.get("preferences"):
        _preferences(path, folder)
    sys.path[:0] = load.get("python_paths", [])
    for path in load.get("script_folders", []):
        _script_folder(path)
    for library in load.get("asset_libraries", []):
        _asset_library(library["name"], library["path"])
    for addon in load.get("addons", []):
        _addon(addon, folder)
    try:
        compute.choose(load.get("compute", "NONE"), load.get("gpus", 0))
    except compute.Unusable as error:
        raise Unusable(str(error)) from None


def _preferences(path: str, folder: str) -> None:
    """Blender reads userpref.blend from the folder that an environment variable names when it is asked to."""
    import bpy
    config = os.path.join(folder, "config")
    os.mkdir(config, 0o700)
    os.symlink(path, os.path.join(config, "userpref.blend"))
    before = os.environ.get("BLENDER_USER_CONFIG")
    os.environ["BLENDER_USER_CONFIG"] = config
    temporary = bpy.context.preferences.filepaths.temporary_directory
    try:
        with open(path, "rb"):
            pass
        bpy.ops.wm.read_userpref()
    except (OSError, RuntimeError) as error:
        raise Unusable(f"preferences {path} cannot be read: {getattr(error, 'strerror', None) or str(error).strip()}") from None
    finally:
        if before is None:
            del os.environ["BLENDER_USER_CONFIG"]
        else:
            os.environ["BLENDER_USER_CONFIG"] = before
    filepaths = bpy.context.preferences.filepaths
    filepaths.temporary_directory = temporary
    filepaths.use_scripts_auto_execute = False           # a job says itself whether it trusts its scene


def _script_folder(path: str) -> None:
    """As Blender has it: modules/ and addons/ are importable, startup/ is registered; presets are found where the version can have several folders."""
    import bpy
    if not os.path.isdir(path):
        raise Unusable(f"script folder {path} is no folder")
    directories = getattr(bpy.context.preferences.filepaths, "script_directories", None)
    if directories is not None:
        directories.new().directory = path
    for name in ("modules", "addons", "startup"):
        if os.path.isdir(part := os.path.join(path, name)) and part not in sys.path:
            sys.path.append(part)
    startup = os.path.join(path, "startup")
    for module in bpy.utils.modules_from_path(startup, set()) if os.path.isdir(startup) else ():
        if register := getattr(module, "register", None):
            try:
                register()
            except Exception as error:
                raise Unusable(f"{module.__file__} cannot be registered: {_short(error)}") from None


def _asset_library(name: str, path: str) -> None:
    import bpy
    if not os.path.isdir(path):
        raise Unusable(f"asset library {path} is no folder")
    known = bpy.context.preferences.filepaths.asset_libraries
    if name not in known:
        if hasattr(known, "new"):
            known.new(name=name, directory=path)
        else:                            # before 4.0
            bpy.ops.preferences.asset_library_add(directory=path)
            known[-1].name = name
    known[name].path = path


def _addon(addon: dict[str, Any], folder: str) -> None:
    import addon_utils
    import bpy
    module = addon["module"]
    version = ""
    if path := addon.get("path"):
        try:
            files = addon_files.place(path, module, os.path.join(folder, "addons"))
        except (OSError, ValueError) as error:
            raise Unusable(f"add-on {module} from {path}: {error}") from None
        sys.path[:0] = [entry for entry in files.paths if entry not in sys.path]
        importlib.invalidate_caches()
        version = files.version
    failures: list[BaseException] = []
    enabled = None
    try:
        enabled = addon_utils.enable(module, default_set=True, handle_error=failures.append)
    except Exception as error:           # of an extension, before 4.2: it has no bl_info
        failures.append(error)
    if not enabled:
        for failure in failures:
            traceback.print_exception(failure)
        raise Unusable(f"add-on {module} cannot be enabled: {_short(failures[0]) if failures else 'see the log'}")
    version = version or ".".join(map(str, getattr(enabled, "bl_info", {}).get("version", ())))
    if addon.get("version") and not addon_files.same_version(addon["version"], version):
        raise Unusable(f"add-on {module} is {version or 'without a version'}, and {addon['version']} was asked for")
    if values := addon.get("preferences"):
        preferences = bpy.context.preferences.addons[module].preferences
        for key, value in values.items():
            try:
                setattr(preferences, key, value)
            except (AttributeError, TypeError, ValueError) as error:
                raise Unusable(f"add-on {module} does not take the preference {key}: {_short(error)}") from None


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
