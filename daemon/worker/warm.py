# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene that this process has open before it knows its job: the zygote opened it, its children inherit it. Needs bpy.

What the zygote loaded beside the .blend itself (images, libraries, caches, …) is remembered with its stamps and looked at again by each worker. The .blend
needs no look: a job names it with its stamp, or its hash, and another one is another scene.
"""

import fcntl
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import relocate
from . import scene as scenes

Scene = dict[str, Any]
Warnings = list[dict[str, Any]]


@dataclass(frozen=True)
class Open:
    scene: Scene
    warnings: Warnings
    files: dict[str, Any]                # what was loaded with it, by path


_open: Open | None = None
_lock: int | None = None                 # on the folder with the zygote's farm, for as long as it or a child of it lives


def load(scene: Scene) -> str:
    """Opens it for all children to come. Returns why that cannot be ("" = it is open)."""
    global _open, _lock
    by_value = "original_path" in scene
    folder = os.path.dirname(scene["path"])   # of one by value it is ours alone
    try:
        if by_value:
            _lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(_lock, fcntl.LOCK_SH)
        warnings = scenes.open_scene(scene, folder)
    except scenes.Unreadable as error:
        return str(error)
    if by_value and not relocate.possible():
        return "this Blender does not say where it keeps the path of the open file, so a scene by value is opened for each job anew"
    began = time.monotonic()
    _open = Open(scene, warnings, scenes.dependencies())
    print(f"{scenes.source_blend_file()} is open, with {len(_open.files)} files beside it, found in {1000 * (time.monotonic() - began):.0f} ms", flush=True)
    return ""


def scene(wanted: Scene, folder: str, stale: Callable[[str], None]) -> Warnings:
    """Has the scene open that a job wants; `folder` is a private one.

    `stale` is called with a file's path if what was loaded is not what is on the disk. Raises scene.Unreadable.
    """
    if _open is None or _name(_open.scene) != _name(wanted):
        return scenes.open_scene(wanted, folder)
    if file := scenes.changed(_open.files):
        stale(file)
        return scenes.open_scene(wanted, folder)
    if "original_path" in wanted:
        scenes.move(wanted, folder)
    return list(_open.warnings)


def _name(scene: Scene) -> Scene:
    """Which scene it is: one by value has its hash, wherever its bytes lie."""
    return {key: value for key, value in scene.items() if key != "path" or "blob" not in scene}
