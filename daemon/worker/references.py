# SPDX-License-Identifier: GPL-3.0-or-later
"""What the open scene needs and does not hold itself: each file that Blender has loaded for it, or will load when it is evaluated. Needs bpy.

Only looks at what is in memory; nothing is loaded by asking (an image's size, a clip's length would load it). 2,000 are listed in some 10 ms.
"""

import os
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from . import node_trees, places, simulations
from .simulations import frame_range

Block = Any                              # a bpy.types.ID


class Reference(NamedTuple):
    kind: str                            # "image", "library", "font", "sound", "clip", "volume", "cache", "strip", "file"
    owner: Block                         # the data-block that names it
    path: str                            # absolute


class Bases:
    """The folder that `//` means, for each library."""

    def __init__(self) -> None:
        import bpy
        self._main = os.path.dirname(bpy.data.filepath).rstrip("/")
        self._of = {library.name_full: os.path.dirname(library_path(library)).rstrip("/") for library in bpy.data.libraries}

    def absolute(self, path: str, owner: Block) -> str:
        library = owner.library
        return places.absolute(path, self._of[library.name_full] if library else self._main)


def library_path(library: Any) -> str:
    """Absolute. Also of one that another library has linked, the path is kept as seen from the scene."""
    import bpy
    return places.absolute(library.filepath, os.path.dirname(bpy.data.filepath).rstrip("/"))


def references(trees: node_trees.Survey) -> Iterator[Reference]:
    """A file that is named twice comes twice."""
    import bpy
    data, bases = bpy.data, Bases()
    for library in data.libraries:
        if not library.packed_file:
            yield Reference("library", library, library_path(library))
    yield from _images(bases, trees)
    for kind, blocks in (("font", data.fonts), ("sound", data.sounds)):
        for block in blocks:
            if not block.packed_file and block.filepath not in ("", "<builtin>"):
                yield Reference(kind, block, bases.absolute(block.filepath, block))
    for clip in data.movieclips:
        if clip.filepath:
            yield Reference("clip", clip, bases.absolute(clip.filepath, clip))
    for volume in data.volumes:
        if volume.filepath and not volume.packed_file:
            path = bases.absolute(volume.filepath, volume)
            yield from (Reference("volume", volume, each) for each in (_frames(path, simulations.volume_frames(volume)) if volume.is_sequence else (path,)))
    for cache in data.cache_files:
        if cache.filepath:
            yield Reference("cache", cache, bases.absolute(cache.filepath, cache))
    for text in data.texts:
        if text.filepath and not text.is_in_memory:
            yield Reference("file", text, bases.absolute(text.filepath, text))
    for node, owner in trees.external:
        if node.mode == "EXTERNAL" and node.filepath:
            yield Reference("file", owner, bases.absolute(node.filepath, owner))
    for scene in data.scenes:
        yield from _strips(bases, scene)


def _images(bases: Bases, trees: node_trees.Survey) -> Iterator[Reference]:
    import bpy
    absolute, users = bases.absolute, None
    for image in bpy.data.images:
        source = image.source
        if source in ("GENERATED", "VIEWER") or image.packed_file or not image.filepath:
            continue
        path = absolute(image.filepath, image)
        if source == "TILED":
            for number in sorted({tile.number for tile in image.tiles}):
                yield Reference("image", image, places.tile(path, number))
        elif source == "SEQUENCE":
            if users is None:
                users = node_trees.image_users(trees)
            for each in _frames(path, _shown(users.get(image.name_full, ()))):
                yield Reference("image", image, each)
        else:
            yield Reference("image", image, path)


def _shown(users: Iterable[Any]) -> set[int]:
    """The frames of an image sequence that the scenes' ranges show."""
    shown: set[int] = set()
    start, end = frame_range()
    for user in users:
        last = max(1, user.frame_duration)
        for frame in range(start, end + 1):
            at = frame - user.frame_start + 1
            shown.add((at - 1) % last + 1 + user.frame_offset if user.use_cyclic else min(max(at, 1), last) + user.frame_offset)
    return shown


def _frames(path: str, frames: Iterable[int]) -> list[str]:
    return [places.numbered(path, frame) for frame in sorted(frames)] or [path]


def strips(scene: Any) -> list[Any]:
    """Of its video edit, as far as they are heard and seen."""
    editor = scene.sequence_editor
    every = (editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all) if editor else ()
    return [strip for strip in every if not strip.mute]


def _strips(bases: Bases, scene: Any) -> Iterator[Reference]:
    for strip in strips(scene):
        if strip.type == "MOVIE":
            yield Reference("strip", scene, bases.absolute(strip.filepath, scene))
        elif strip.type == "IMAGE":
            folder = strip.directory
            for element in strip.elements:
                yield Reference("strip", scene, bases.absolute(os.path.join(folder, element.filename), scene))
