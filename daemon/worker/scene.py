# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens a job's .blend. Needs bpy."""

import os
from typing import Any


class Unreadable(Exception):
    """Blender could not open the scene; the text says why."""


def open_scene(path: str, trust: bool) -> list[dict[str, Any]]:
    """Opens the file where it lies, so that its // paths work. Returns warnings."""
    import bpy
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise Unreadable(f"scene {path} cannot be read: {error.strerror}") from None
    try:
        bpy.ops.wm.open_mainfile(filepath=path, use_scripts=trust)
    except RuntimeError as error:
        raise Unreadable(f"scene {path} cannot be opened by Blender {bpy.app.version_string}: {str(error).removeprefix('Error: ').strip()}") from None
    if os.path.realpath(bpy.data.filepath) != os.path.realpath(path):
        raise Unreadable(f"scene {path} was not opened by Blender {bpy.app.version_string}, see the log")
    if not bpy.app.autoexec_fail or bpy.app.autoexec_fail_quiet:
        return []
    return [{"code": "SCRIPTS_BLOCKED", "message": f"Python in {os.path.basename(path)} was not run, drivers of it give 0: {bpy.app.autoexec_fail_message}",
             "metadata": {"scene": path}}]
