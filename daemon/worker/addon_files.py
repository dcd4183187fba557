# SPDX-License-Identifier: GPL-3.0-or-later
"""An add-on's files, where Python can import them under the add-on's own name, and its version. No bpy here.

An add-on is a module file, a folder with __init__.py, or a .zip of either; an extension has a blender_manifest.toml beside its __init__.py, also at the top of
its .zip, and may bring wheels, which are unpacked so that compiled ones work, too.
"""

import os
import re
import zipfile
from dataclasses import dataclass
from typing import Any

MANIFEST = "blender_manifest.toml"


@dataclass(frozen=True)
class Files:
    paths: list[str]                     # for sys.path
    version: str                         # of the manifest; "": it has none, then bl_info knows


def place(source: str, module: str, folder: str) -> Files:
    """Makes `module` importable from a folder of its own below `folder`. Raises OSError, ValueError."""
    home = os.path.join(folder, module)
    os.makedirs(home, 0o700)
    if source.endswith(".zip"):
        source = _unpacked(source, module, os.path.join(folder, module + ".files"))
    whole = os.path.isdir(source)
    if whole and not os.path.isfile(os.path.join(source, "__init__.py")):
        raise ValueError("the folder has no __init__.py")
    if not whole and not (source.endswith(".py") and os.path.isfile(source)):
        raise ValueError("it is neither a folder, a .py nor a .zip" if os.path.exists(source) else "it does not exist")
    os.symlink(source, os.path.join(home, module if whole else module + ".py"))
    manifest = _manifest(os.path.join(source, MANIFEST)) if whole else {}
    return Files([home, *_wheels(source, manifest.get("wheels", []), os.path.join(folder, module + ".wheels"))], str(manifest.get("version", "")))


def same_version(wanted: str, found: str) -> bool:
    """1.2 is 1.2.0: by numbers, as far as both are numbers."""
    def parts(text: str) -> list[Any]:
        numbers: list[Any] = [int(part) if part.isdigit() else part for part in re.split(r"[.\-+]", text)]
        while numbers and numbers[-1] == 0:
            numbers.pop()
        return numbers
    return parts(wanted) == parts(found)


def _unpacked(source: str, module: str, folder: str) -> str:
    """The folder or module file in it. zipfile lets no name out of the folder."""
    try:
        with zipfile.ZipFile(source) as archive:
            archive.extractall(folder)
    except zipfile.BadZipFile as error:
        raise ValueError(f"it is no .zip: {error}") from None
    for place in (folder, os.path.join(folder, module), os.path.join(folder, module + ".py")):
        if os.path.isfile(place) or os.path.isfile(os.path.join(place, "__init__.py")):
            return place
    inside = [name for name in os.listdir(folder) if os.path.isfile(os.path.join(folder, name, "__init__.py"))]
    if len(inside) != 1:
        raise ValueError(f"the .zip holds no add-on {module}")
    return os.path.join(folder, inside[0])


def _manifest(path: str) -> dict[str, Any]:
    """Of Python 3.11 and later: those before have no extensions and no tomllib."""
    if not os.path.isfile(path):
        return {}
    try:
        import tomllib
    except ImportError:
        return {}
    with open(path, "rb") as file:
        return tomllib.load(file)


def _wheels(source: str, names: list[str], folder: str) -> list[str]:
    for name in names:
        with zipfile.ZipFile(os.path.normpath(os.path.join(source, name))) as wheel:
            wheel.extractall(folder)
    return [folder] if names else []
