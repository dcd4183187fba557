# SPDX-License-Identifier: GPL-3.0-or-later
"""What an exception means: no memory under a limit and no room on a disk are not the script's own fault; for the rest, what to do. No bpy here."""

import errno
import os
import resource
from typing import Any

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_SAYS_NO_ROOM = tuple(os.strerror(number) for number in NO_ROOM)
Cause = dict[str, Any]


def memory_is_limited(memory_bytes: int) -> bool:
    """By the job, or by whoever started the daemon."""
    return memory_bytes > 0 or any(resource.getrlimit(which)[0] != resource.RLIM_INFINITY for which in (resource.RLIMIT_AS, resource.RLIMIT_DATA))


def cause(error: BaseException | None, memory_bytes: int) -> Cause | None:
    """Reason, message and hint of an outcome; None: the script's own error. Looks along `raise … from`, too."""
    while error is not None:
        if isinstance(error, MemoryError) and memory_is_limited(memory_bytes):
            return {"reason": "OUT_OF_MEMORY", "message": f"the script ran out of memory, which is limited ({type(error).__name__})",
                    "hint": "raise the limit (--memory), or let the script do less at a time"}
        if says_no_room(error):
            return no_room("the script could not write", error)
        error = error.__cause__
    return None


def advice(error: BaseException | None) -> str:
    """What to do about an error of the script's own: what those who meet Blender in the background, or us, for the first time stumble over."""
    if isinstance(error, NameError):
        name = getattr(error, "name", None) or ""
        if name in ("offstage", "bpy"):
            return f"begin the script with: import {name}"
        if name and not isinstance(error, UnboundLocalError):
            return f"look at the line that the traceback names; if {name} is a parameter, give it: --param {name}=JSON"
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"Blender's own Python has no {error.name}: --python-path DIR adds a folder to its sys.path, --addon enables an add-on"
    if isinstance(error, RuntimeError) and "context is incorrect" in str(error):
        return "the operator wants a window, area or active object that is not there: set view_layer.objects.active, use context.temp_override(), or bpy.data"
    return "look at the line that the traceback names"


def says_no_room(error: BaseException) -> bool:
    """Blender's operators wrap what the system says into a RuntimeError's text."""
    if isinstance(error, OSError):
        return error.errno in NO_ROOM
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _SAYS_NO_ROOM)


def no_room(what: str, error: BaseException) -> Cause:
    place = getattr(error, "filename", None)
    where = f"the disk of {os.fsdecode(place)}" if isinstance(place, (str, bytes)) else "the disk that it writes to (the state folder's, if it was the log)"
    detail = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else " ".join(str(error).split())
    at = f" {os.fsdecode(place)}" if isinstance(place, (str, bytes)) else ""
    return {"reason": "DISK_FULL", "message": f"{what}{at}: {detail}", "hint": f"make room on {where}, then `offstage retry` the job"}
