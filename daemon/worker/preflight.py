# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a scene that has just been opened: is all there that it needs? Needs bpy.

Nothing is loaded or changed by looking. What is missing today may be there tomorrow: the answer is of this moment.
"""

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

from . import node_trees, references, simulations
from .missing import missing
from .references import Reference
from .scene_warnings import Warning, bounded, warning

# kind of a reference → code, what it is called
KINDS = {
    "library": ("LIBRARY_MISSING", "library"), "image": ("TEXTURE_MISSING", "image"), "font": ("FONT_MISSING", "font"), "sound": ("SOUND_MISSING", "sound"),
    "clip": ("CLIP_MISSING", "movie clip"), "strip": ("STRIP_MISSING", "sequencer of scene"), "volume": ("VOLUME_MISSING", "volume"),
    "cache": ("CACHE_MISSING", "cache file"), "file": ("FILE_MISSING", "file of"),
}
_ENGINE = re.compile(r"Engine '(.*)' not available for scene '(.*?)'")
_COLOR = re.compile(r"colou?r.?(?:management|space).*not found", re.IGNORECASE)
_SKIPPED = re.compile(r'scripts disabled for ".*", skipping \'(.*)\'')
Real = Callable[[str], str]


def check(printed: str, trusted: bool, real: Real, renders: bool = False, split: bool = False) -> list[Warning]:
    """`printed`: what Blender said while it opened the scene. `real`: see scene.real. `renders`: frames are wanted of it; `split`: by several workers."""
    trees = node_trees.survey()
    found = [*_files(trees, real), *_blocks_missing(), *_caches(real, split), *_of_nodes(trees), *_printed(printed)]
    if not trusted:
        found += _blocked(printed)
    if renders:
        found += _cameras()
    return bounded(found)


def _files(trees: node_trees.Survey, real: Real) -> Iterator[Warning]:
    every = list(references.references(trees))
    gone = missing([reference.path for reference in every])
    if not gone:
        return
    of: dict[tuple[str, str], list[Reference]] = {}
    for reference in every:
        if reference.path in gone:
            of.setdefault((reference.kind, reference.owner.name_full), []).append(reference)
    for (kind, name), lost in of.items():
        code, called = KINDS[kind]
        path, count = real(lost[0].path), len({reference.path for reference in lost})
        if count == 1:
            text = f'{called} "{name}": {path} does not exist'
        else:
            text = f'{called} "{name}": {count} of its files do not exist, the first is {path}'
        yield warning(code, text, path=path, data_block=name, kind=kind, count=str(count), **_library(lost[0].owner, real))


def _library(owner: Any, real: Real) -> dict[str, str]:
    library = owner.library
    return {"library": real(references.library_path(library))} if library else {}


def _blocks_missing() -> Iterator[Warning]:
    """Linked from a library that is there and has no such data-block any more."""
    import bpy
    if not bpy.data.libraries or not hasattr(bpy.types.ID, "is_missing"):
        return
    for name in dir(bpy.data):
        blocks = getattr(bpy.data, name)
        if not isinstance(blocks, bpy.types.bpy_prop_collection):
            continue
        for block in blocks:
            if block.library and block.is_missing:
                path = references.library_path(block.library)
                if os.path.exists(path):
                    yield warning("DATA_BLOCK_MISSING", f'library {path} has no {block.bl_rna.name.lower()} "{block.name}"', path=path, data_block=block.name)


def _caches(real: Real, split: bool) -> Iterator[Warning]:
    for cache in simulations.caches():
        names = {"data_block": cache.owner.name_full, "name": cache.name, "kind": cache.kind}
        what = f'{cache.kind} "{cache.name}" of "{cache.owner.name_full}"'
        if cache.baked and cache.folder and not _has_files(cache.folder):
            folder = real(cache.folder)
            yield warning("CACHE_MISSING", f"{what} is baked, and {folder} has no cache", path=folder, **names)
        elif split and not cache.baked:
            yield warning("SIMULATION_UNBAKED", f"{what} is not baked", **names)


def _has_files(path: str) -> bool:
    try:
        return os.path.isfile(path) or bool(os.listdir(path))
    except OSError:
        return False


def _of_nodes(trees: node_trees.Survey) -> Iterator[Warning]:
    for owner, nodes in trees.unknown():
        name = owner.name_full
        if nodes is None:
            yield warning("NODE_UNKNOWN", f'node group "{name}" is of a kind that this Blender does not know', data_block=name)
        else:
            listed = ", ".join(f'"{node}"' for node in nodes[:5]) + (f" and {len(nodes) - 5} more" if len(nodes) > 5 else "")
            yield warning("NODE_UNKNOWN", f'nodes of "{name}" that this Blender does not know: {listed}', data_block=name, nodes=", ".join(nodes))


def _printed(text: str) -> Iterator[Warning]:
    for line in dict.fromkeys(text.splitlines()):
        if found := _ENGINE.search(line):
            text = f'scene "{found[2]}" is to be rendered with {found[1]}, which this Blender does not have'
            yield warning("ENGINE_UNKNOWN", text, engine=found[1], data_block=found[2])
        elif _COLOR.search(line):
            yield warning("COLORSPACE_FALLBACK", line.strip(), **_named(line))


def _named(line: str) -> dict[str, str]:
    names = re.findall(r'"(.*?)"', line)
    return {"wanted": names[0]} if names else {}


def _blocked(printed: str) -> Iterator[Warning]:
    """Drivers count where Blender has evaluated them: those of the active scene. Expressions of plain arithmetic run in any case."""
    import bpy
    for name in dict.fromkeys(_SKIPPED.findall(printed)):
        yield warning("SCRIPTS_BLOCKED", f'the script "{name}" of the scene was not run', data_block=name)
    if not bpy.app.autoexec_fail or bpy.app.autoexec_fail_quiet:
        return
    drivers = [(block, curve) for block in _animated() for curve in block.animation_data.drivers if _is_blocked(curve.driver)]
    for block, curve in drivers:
        where = f"{curve.data_path}[{curve.array_index}]"
        yield warning("SCRIPTS_BLOCKED", f'the driver of "{block.name_full}" {where} was not run and gives 0: {curve.driver.expression}',
                      data_block=block.name_full, property=where, expression=curve.driver.expression)
    if not drivers and not _SKIPPED.search(printed):
        yield warning("SCRIPTS_BLOCKED", f"Python in the scene was not run: {bpy.app.autoexec_fail_message}")


def _is_blocked(driver: Any) -> bool:
    return driver.type == "SCRIPTED" and not driver.is_simple_expression and not driver.is_valid


def _animated() -> Iterator[Any]:
    import bpy
    for name in dir(bpy.data):
        blocks = getattr(bpy.data, name)
        if isinstance(blocks, bpy.types.bpy_prop_collection):
            for block in blocks:
                for each in (block, getattr(block, "node_tree", None), getattr(block, "shape_keys", None)):
                    if each and getattr(each, "animation_data", None):
                        yield each


def _cameras() -> Iterator[Warning]:
    import bpy
    for scene in bpy.data.scenes:
        edit = scene.render.use_sequencer and references.strips(scene)
        if not scene.camera and not edit and not any(marker.camera for marker in scene.timeline_markers):
            yield warning("NO_CAMERA", f'scene "{scene.name}" has no camera', data_block=scene.name)
