# SPDX-License-Identifier: GPL-3.0-or-later
"""From a path in a .blend to a path on this machine, by Blender's own rules. No bpy here.

`//` is the folder of the .blend that says it, which may be a library. Backslashes and drive letters come from Windows; Blender reads `C:\\x` as /c/x.
"""

import os
import re

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_NUMBER = re.compile(r"(\d+)(?!.*\d)")


def absolute(path: str, blend_folder: str) -> str:
    """Absolute and without `..`, as text: so does Blender, whatever links there are."""
    if path.startswith("//"):
        path = blend_folder + "/" + path[2:].replace("\\", "/")
    elif _DRIVE.match(path):
        path = "/" + path[0].lower() + path[2:].replace("\\", "/")
    elif not path.startswith("/"):
        path = os.getcwd() + "/" + path
    return os.path.normpath(path) if "/." in path or "//" in path else path


def tile(path: str, number: int) -> str:
    """The file of a UDIM tile."""
    u, v = (number - 1001) % 10 + 1, (number - 1001) // 10 + 1
    return path.replace("<UDIM>", f"{number:04}").replace("<UVTILE>", f"u{u}_v{v}")


def numbered(path: str, frame: int) -> str:
    """The file of a sequence's frame: the last number of the name is replaced, keeping its width."""
    folder, name = os.path.split(path)
    stem, dot, extension = name.rpartition(".")
    if not dot:
        stem, extension = name, ""
    found = _NUMBER.search(stem)
    if not found:
        return os.path.join(folder, f"{stem}{frame}{dot}{extension}")
    width = found.end() - found.start()
    return os.path.join(folder, f"{stem[:found.start()]}{frame:0{width}}{stem[found.end():]}{dot}{extension}")


def number(path: str) -> int | None:
    """The last number of the file's name."""
    found = _NUMBER.search(os.path.splitext(os.path.basename(path))[0])
    return int(found.group()) if found else None
