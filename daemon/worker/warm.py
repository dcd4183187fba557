# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene that this process has open before it knows its job: the zygote opened it, its children inherit it. Needs bpy.

What the zygote loaded beside the .blend itself (images, libraries, caches, …) is remembered with its stamps and looked at again by each worker. The .blend
needs no look: a job names it with its stamp, and another stamp is another scene.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import scene as scenes

Scene = dict[str, Any]
Warnings = list[dict[str, Any]]


@dataclass(frozen=True)
class Open:
    scene: Scene
    warnings: Warnings
    files: dict[str, Any]                # what was loaded with it, by path


_open: Open | None = None


def load(scene: Scene) -> str:
    """Opens it for all children to come. Returns why that cannot be ("" = it is open)."""
    global _open
    try:
        warnings = scenes.open_scene(scene, tempfile.mkdtemp(prefix="offstage-"))
    except scenes.Unreadable as error:
        return str(error)
    began = time.monotonic()
    _open = Open(scene, warnings, scenes.dependencies())
    print(f"{scene['path']} is open, with {len(_open.files)} files beside it, found in {1000 * (time.monotonic() - began):.0f} ms", flush=True)
    return ""


def scene(wanted: Scene, folder: str, stale: Callable[[str], None]) -> Warnings:
    """Has the scene open that a job wants; `folder` is a private one.

    `stale` is called with a file's path if what was loaded is not what is on the disk. Raises scene.Unreadable.
    """
    if _open is None or _open.scene != wanted:
        return scenes.open_scene(wanted, folder)
    if file := scenes.changed(_open.files):
        stale(file)
        return scenes.open_scene(wanted, folder)
    return list(_open.warnings)
