# SPDX-License-Identifier: Apache-2.0
"""Just enough of bpy that daemon/worker runs on plain Python: what it touches is here, and nothing else.

A scene is a text file whose first line is one of SCENE_MAGICS; a line `image //wood.png` in it is an image, `says …` is printed while it is opened,
`waits for FILE` makes that take until there is such a file.
"""

import ctypes
import os
import shutil
import tempfile
import time
from types import SimpleNamespace
from typing import Any

SCENE_MAGICS = (b"FAKE-BLEND", b"BLENDER-v300 FAKE")      # the second is a .blend to the daemon, too


class _FilePaths:
    """As Blender's: setting the temporary directory makes a session folder below it, and removes the old one."""

    def __init__(self) -> None:
        self._base = ""
        self.asset_libraries = _AssetLibraries()

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


class _AssetLibraries(_Named):
    def __contains__(self, name: object) -> bool:
        return name in self.keys()

    def __getitem__(self, name: Any) -> Any:
        return self[self.keys().index(name)] if isinstance(name, str) else super().__getitem__(name)

    def new(self, name: str, directory: str) -> None:
        self.append(SimpleNamespace(name=name, path=directory))


class _Cycles:
    """Built with CUDA and HIP. CUDA sees those that CUDA_VISIBLE_DEVICES names, but for one called "broken"; HIP sees none."""

    def __init__(self) -> None:
        self._compute = "NONE"
        self.devices: list[Any] = []

    @property
    def compute_device_type(self) -> str:
        return self._compute

    @compute_device_type.setter
    def compute_device_type(self, value: str) -> None:
        if value not in ("NONE", "CUDA", "HIP"):
            raise TypeError(f"enum {value!r} not found")
        self._compute = value

    def get_devices_for_type(self, compute: str) -> list[Any]:
        ids = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",") if compute == "CUDA" else []
        gpus = [SimpleNamespace(id=each, type="CUDA", use=False) for each in ids if each not in ("", "-1", "broken")]
        self.devices = [*gpus, SimpleNamespace(id="CPU", type="CPU", use=True)]
        return self.devices


def _object(name: str) -> SimpleNamespace:
    return SimpleNamespace(name=name, name_full=name, type="MESH", modifiers=[], particle_systems=[], library=None)


def _image(path: str) -> SimpleNamespace:
    name = os.path.basename(path)
    return SimpleNamespace(name=name, name_full=name, source="FILE", packed_file=None, filepath=path, library=None)


def _open_mainfile(filepath: str, use_scripts: bool = False) -> set[str]:
    with open(filepath, "rb") as file:
        content = file.read()
    if not content.startswith(SCENE_MAGICS):
        raise RuntimeError(f"Error: Failed to read blend file '{filepath}', not a blend file\n")
    lines = content.decode().splitlines()
    data.open(filepath)
    data.objects[:] = [_object("FromFile")]
    data.images[:] = [_image(line.removeprefix("image ")) for line in lines if line.startswith("image ")]
    for line in lines:
        if line.startswith("says "):
            print(line.removeprefix("says "))
        while line.startswith("waits for ") and not os.path.exists(line.removeprefix("waits for ")):
            time.sleep(0.02)
    return {"FINISHED"}


class _Data(SimpleNamespace):
    """Its path lies in memory as Blender's does: behind two pointers."""

    def __init__(self, **collections: Any) -> None:
        self._memory = ctypes.create_string_buffer(16 + 1024)
        super().__init__(**collections)

    def as_pointer(self) -> int:
        return ctypes.addressof(self._memory)

    @property
    def filepath(self) -> str:
        return os.fsdecode(self._memory.raw[16:].partition(b"\0")[0])

    def open(self, path: str) -> None:
        self._memory[16:] = os.fsencode(path).ljust(1024, b"\0")


def _persistent(function: Any) -> Any:
    return function


app = SimpleNamespace(version=(4, 9, 0), version_string="4.9.0", background=True, build_hash=b"fake00000000", autoexec_fail=False, autoexec_fail_quiet=False,
                      autoexec_fail_message="", tempdir=tempfile.mkdtemp(prefix="blender_") + os.sep, binary_path="",
                      handlers=SimpleNamespace(render_init=[], render_complete=[], render_cancel=[], persistent=_persistent))
_scene = SimpleNamespace(name="Scene", name_full="Scene", render=SimpleNamespace(use_persistent_data=False), frame_start=1, frame_end=250, sequence_editor=None,
                         rigidbody_world=None, library=None)
_collections = ("libraries", "images", "fonts", "sounds", "movieclips", "volumes", "cache_files", "texts", "materials", "worlds", "lights", "linestyles",
                "textures", "node_groups", "cameras")
data = _Data(objects=_Named([_object(name) for name in ("Camera", "Cube", "Light")]), scenes=_Named([_scene]),
             **{name: _Named() for name in _collections})
context = SimpleNamespace(scene=_scene, view_layer=SimpleNamespace(update=lambda: None),
                          preferences=SimpleNamespace(filepaths=_FilePaths(), system=SimpleNamespace(),
                                                  addons={"cycles": SimpleNamespace(preferences=_Cycles())}))
ops = SimpleNamespace(wm=SimpleNamespace(open_mainfile=_open_mainfile))
