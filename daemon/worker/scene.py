# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens a job's .blend, where it lies or from what was handed over, and knows what it has loaded. Needs bpy."""

import os
from typing import Any

from . import node_trees, preflight, prints, references, relocate, simulations, stamps
from .farm import Farm
from .stamps import changed

__all__ = ["Unreadable", "changed", "dependencies", "move", "open_scene", "source_blend_file"]

Scene = dict[str, Any]                   # "scene" of PREPARE, see WIRE.md
MAX_CACHE_FILES = 20_000                 # of all cache folders, that are watched one by one

_farm: Farm | None = None                # what the open scene was opened from; None: from its own place
_source: str | None = None               # None: no scene was opened


class Unreadable(Exception):
    """Blender could not open the scene; the text says why."""


def open_scene(scene: Scene, folder: str) -> list[dict[str, Any]]:
    """Opens it so that its // paths work. `folder` is a private one, in which a farm may grow. Returns what preflight has to say."""
    global _farm, _source
    import bpy
    path = place = scene["path"]
    pin = scene.get("pin")
    _check_pin(path, pin)
    farm = None
    if "original_path" in scene:
        farm = _grow(scene, folder)
        path, place = farm.original, farm.blend
    try:
        with open(place, "rb"):
            pass
    except OSError as error:
        raise Unreadable(f"scene {path} cannot be read: {error.strerror}") from None
    try:
        _, printed = prints.listen(lambda: bpy.ops.wm.open_mainfile(filepath=place, use_scripts=scene["trust"]))
    except RuntimeError as error:
        raise Unreadable(f"scene {path} cannot be opened by Blender {bpy.app.version_string}: {str(error).removeprefix('Error: ').strip()}") from None
    if os.path.realpath(bpy.data.filepath) != os.path.realpath(place):
        raise Unreadable(f"scene {path} was not opened by Blender {bpy.app.version_string}, see the log")
    _check_pin(scene["path"], pin)       # while it was being read
    _farm, _source = farm, scene.get("original_path", path)
    return preflight.check(printed, scene["trust"], real)


def move(scene: Scene, folder: str) -> None:
    """The open scene, one by value, lies in a farm in `folder` from now on, as if it had been opened there. Where relocate.possible(). Raises Unreadable."""
    global _farm
    _farm = _grow(scene, folder)
    relocate.move(_farm.blend)


def _grow(scene: Scene, folder: str) -> Farm:
    try:
        return Farm(os.path.join(folder, "scene"), scene["original_path"], scene["path"])
    except OSError as error:
        raise Unreadable(f"scene {scene['original_path']} cannot be laid out in {folder}: {error.strerror or error}") from None


def _check_pin(path: str, pin: dict[str, int] | None) -> None:
    if not pin:
        return
    now, then = stamps.stamp(path), [pin[key] for key in ("size", "mtime_ns", "inode", "device")]
    if now != then:
        raise Unreadable(f"scene {path} has changed since it was submitted: {stamps.difference(then, now)}, submit again")


def source_blend_file() -> str:
    """Where the open scene comes from, as its user knows it; "" where none was opened, or it was never saved."""
    return _source or ""


def real(path: str) -> str:
    """The path as its user knows it."""
    return _farm.real(path) if _farm else path


def dependencies() -> stamps.Stamps:
    """All files that the open scene has loaded or would load, and how they are now; also those that are missing. Empty where no scene was opened."""
    if _source is None:
        return {}
    paths = {real(reference.path): None for reference in references.references(node_trees.survey())}
    left = MAX_CACHE_FILES
    for cache in simulations.caches():
        for path in _within(real(cache.folder)) if cache.folder else ():
            if path not in paths and (left := left - 1) >= 0:
                paths[path] = None
    return stamps.stamps(paths)


def _within(folder: str) -> list[str]:
    """The folder, all below it and their files."""
    return [path for top, _, names in os.walk(folder) for path in (top, *(os.path.join(top, name) for name in names))] or [folder]
