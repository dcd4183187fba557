# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulations of the open scene, and where their caches are. Needs bpy.

A point cache lies in blendcache_NAME beside the .blend, or in a folder of its own; a fluid's and a geometry-nodes bake's folder are named by the modifier.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import places

MAX_FRAMES = 100_000                     # of a scene that we look at one by one


@dataclass(frozen=True)
class Cache:
    kind: str                            # "cloth", "particles", "fluid", …
    owner: Any                           # the object or scene
    name: str                            # of the modifier or particle system
    folder: str                          # absolute; "" = kept in memory or in the .blend
    baked: bool                          # somebody has baked it, so the frames are there


def frame_range() -> tuple[int, int]:
    """From the first to the last frame of all scenes."""
    import bpy
    start = min(scene.frame_start for scene in bpy.data.scenes)
    return start, min(max(scene.frame_end for scene in bpy.data.scenes), start + MAX_FRAMES)


def volume_frames(volume: Any) -> set[int]:
    """The files' numbers that the scenes' ranges show (BKE_volume_sequence_path_get_frame)."""
    length, mode = max(1, volume.frame_duration), volume.sequence_mode
    start, end = frame_range()
    shown = set()
    for frame in range(start, end + 1):
        at = frame - volume.frame_start
        if mode == "CLIP" and not 0 <= at < length:
            continue
        if mode == "EXTEND":
            at = min(max(at, 0), length - 1)
        elif mode == "REPEAT":
            at %= length
        elif mode == "PING_PONG":
            at = abs((at + length - 1) % max(1, 2 * length - 2) - (length - 1)) if length > 1 else 0
        shown.add(at + volume.frame_offset + 1)
    return shown


def caches() -> Iterator[Cache]:
    import bpy
    for block in bpy.data.objects:
        for modifier in block.modifiers:
            yield from _of_modifier(block, modifier)
        for system in block.particle_systems:
            if system.settings.physics_type != "NO" and (system.settings.type != "HAIR" or system.use_hair_dynamics):
                yield _point_cache("particles", block, system.name, system.point_cache)
    for scene in bpy.data.scenes:
        if (world := scene.rigidbody_world) and world.enabled and world.collection:
            yield _point_cache("rigid bodies", scene, scene.name, world.point_cache)


def _of_modifier(block: Any, modifier: Any) -> Iterator[Cache]:
    if not modifier.show_render:
        return
    kind = modifier.type
    if kind in ("CLOTH", "SOFT_BODY"):
        yield _point_cache(kind.lower().replace("_", " "), block, modifier.name, modifier.point_cache)
    elif kind == "DYNAMIC_PAINT" and modifier.canvas_settings:
        for surface in modifier.canvas_settings.canvas_surfaces:
            if surface.is_active and surface.is_cache_user:
                yield _point_cache("dynamic paint", block, surface.name, surface.point_cache)
    elif kind == "FLUID" and modifier.fluid_type == "DOMAIN":
        domain = modifier.domain_settings
        yield Cache("fluid", block, modifier.name, _absolute(domain.cache_directory, block), domain.has_cache_baked_data or domain.has_cache_baked_any)
    elif kind == "OCEAN" and modifier.is_cached:
        yield Cache("ocean", block, modifier.name, _absolute(modifier.filepath, block), True)
    elif kind == "NODES":
        for bake in getattr(modifier, "bakes", ()):
            if folder := bake.directory if bake.use_custom_path else modifier.bake_directory:
                folder = _absolute(folder, block)
                if not bake.use_custom_path:
                    folder = os.path.join(folder, str(bake.bake_id))
                yield Cache("geometry nodes", block, modifier.name, folder, os.path.isdir(os.path.join(folder, "meta")))


def _point_cache(kind: str, block: Any, name: str, cache: Any) -> Cache:
    if cache.use_external:
        return Cache(kind, block, name, _absolute(cache.filepath, block), True)
    return Cache(kind, block, name, _blendcache(block) if cache.use_disk_cache else "", cache.is_baked)


def _blend(block: Any) -> str:
    import bpy
    return places.absolute(block.library.filepath, os.path.dirname(bpy.data.filepath).rstrip("/")) if block.library else bpy.data.filepath


def _absolute(path: str, block: Any) -> str:
    return places.absolute(path, os.path.dirname(_blend(block)).rstrip("/")) if path else ""


def _blendcache(block: Any) -> str:
    folder, name = os.path.split(_blend(block))
    return os.path.join(folder, "blendcache_" + (name[:-6] if len(name) > 6 else name))
