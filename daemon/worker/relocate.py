# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells Blender that the open .blend lies elsewhere, without opening it again. Needs bpy.

A zygote opens a scene that was handed over by value in a farm of its own; each of its children has another one, so that what a job writes beside its scene is
never seen by the next. Blender has no call for that, but its Main (bpy.data) begins with two pointers and the path. What lies there is compared with what bpy
says before anything is written; where it differs, the answer is that this cannot be done, and the scene is opened by each job itself.
"""

import ctypes
import os

_PATH_AT = 2 * ctypes.sizeof(ctypes.c_void_p)
_PATH_BYTES = 1024


def _address() -> int:
    import bpy
    return bpy.data.as_pointer() + _PATH_AT


def possible() -> bool:
    """True if the path was found where move() would write it."""
    import bpy
    return bool(bpy.data.filepath) and ctypes.string_at(_address(), _PATH_BYTES).partition(b"\0")[0] == os.fsencode(bpy.data.filepath)


def move(path: str) -> None:
    """From now on the open file is `path`, of at most farm.MAX_PATH bytes. Where possible() is true."""
    import bpy
    text = os.fsencode(path)
    ctypes.memmove(_address(), text.ljust(_PATH_BYTES, b"\0"), _PATH_BYTES)
    for library in bpy.data.libraries:   # Blender works out its absolute path when it is set
        if library.filepath.startswith("//"):
            library.filepath = library.filepath
