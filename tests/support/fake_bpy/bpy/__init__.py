# SPDX-License-Identifier: Apache-2.0
"""Just enough of bpy that daemon/worker runs on plain Python: what it touches is here, and nothing else. A scene is a text file that says so."""

import os
import shutil
import tempfile
from types import SimpleNamespace
from typing import Any

SCENE_MAGIC = b"FAKE-BLEND"


class _FilePaths:
    """As Blender's: setting the temporary directory makes a session folder below it, and removes the old one."""

    def __init__(self) -> None:
        self._base = ""

    @property
    def temporary_directory(self) -> str:
        return self._base

    @temporary_directory.setter
    def temporary_directory(self, base: str) -> None:
        shutil.rmtree(app.tempdir, ignore_errors=True)
        self._base = base
        app.tempdir = tempfile.mkdtemp(prefix="blender_", dir=base) + "/"


class _Named(list[Any]):
    def keys(self) -> list[str]:
        return [item.name for item in self]


def _open_mainfile(filepath: str, use_scripts: bool = False) -> set[str]:
    with open(filepath, "rb") as file:
        if not file.read().startswith(SCENE_MAGIC):
            raise RuntimeError(f"Error: Failed to read blend file '{filepath}', not a blend file\n")
    data.filepath = filepath
    data.objects[:] = [SimpleNamespace(name="FromFile")]
    return {"FINISHED"}


def _persistent(function: Any) -> Any:
    return function


app = SimpleNamespace(version=(4, 9, 0), version_string="4.9.0", background=True, build_hash=b"fake00000000", autoexec_fail=False, autoexec_fail_quiet=False,
                      autoexec_fail_message="", tempdir=tempfile.mkdtemp(prefix="blender_") + os.sep, binary_path="",
                      handlers=SimpleNamespace(render_init=[], render_complete=[], render_cancel=[], persistent=_persistent))
_scene = SimpleNamespace(name="Scene", render=SimpleNamespace(use_persistent_data=False))
data = SimpleNamespace(filepath="", objects=_Named([SimpleNamespace(name=name) for name in ("Camera", "Cube", "Light")]), scenes=_Named([_scene]))
context = SimpleNamespace(scene=_scene, view_layer=SimpleNamespace(update=lambda: None),
                          preferences=SimpleNamespace(filepaths=_FilePaths(), system=SimpleNamespace()))
ops = SimpleNamespace(wm=SimpleNamespace(open_mainfile=_open_mainfile))
