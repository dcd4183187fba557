# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a file is still the one that was loaded: its size, time of change, inode and device. No bpy here.

Links are followed: one that points elsewhere now has another inode.
"""

import os
from collections.abc import Iterable

Stamp = list[int] | None                 # [size, mtime_ns, inode, device]; None: there is no such file
Stamps = dict[str, Stamp]


def stamp(path: str) -> Stamp:
    try:
        status = os.stat(path)
    except (OSError, ValueError):        # a NUL in a path of a broken file
        return None
    return [status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev]


def stamps(paths: Iterable[str]) -> Stamps:
    return {path: stamp(path) for path in paths}


def changed(before: Stamps) -> str | None:
    """The first path that is not what it was."""
    stat = os.stat                       # thousands of them, between a hand-off and GO
    for path, old in before.items():
        try:
            now = stat(path)
        except (OSError, ValueError):
            if old is not None:
                return path
            continue
        if old is None or now.st_mtime_ns != old[1] or now.st_size != old[0] or now.st_ino != old[2] or now.st_dev != old[3]:
            return path
    return None


def difference(old: Stamp, new: Stamp) -> str:
    """In words, for a message."""
    if new is None or old is None:
        return "it is gone" if new is None else "it was not there"
    said = [text for text, i in (("size", 0), ("time of change", 1)) if old[i] != new[i]]
    return f"another {' and '.join(said)}" if said else "another file is in its place"
