# SPDX-License-Identifier: Apache-2.0
"""The worker's code on a real Blender without a daemon between: what a scene does in a worker, for scenes that a command line cannot hand over.

    stage.make("proj/a/x.blend", "bpy.data.images.load('//tex.png')")       a script that leaves a scene
    stage.open("proj/a/x.blend", "offstage.result = len(bpy.data.images)")  the outcome of a job on it
"""
from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

from wire_host import Host, Keeper, value


class Stage:
    def __init__(self, host: Host, keeper: Keeper, folder: Path) -> None:
        self.host, self.keeper, self.folder = host, keeper, folder

    def path(self, name: str) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return str(path)

    def picture(self, name: str) -> str:
        """A PNG of one red pixel."""
        path = Path(self.path(name))
        path.write_bytes(PNG)
        return str(path)

    def make(self, name: str, script: str, after: str = "") -> str:
        """Empty but for one scene; saved first, so that // means something, and again at the end. `after` runs once it is saved."""
        path = self.path(name)
        value(self.host.run(self.keeper, f"""import bpy, offstage
bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
bpy.ops.wm.save_as_mainfile(filepath={path!r})
{script}
bpy.ops.wm.save_as_mainfile(filepath={path!r})
{after}
"""))
        return path

    def open(self, name: str, script: str, trust: bool = False, **more: Any) -> dict[str, Any]:
        """`more`: fields of PREPARE; `original_path` is the scene's."""
        scene = {"path": self.path(name), "trust": trust}
        if "original_path" in more:
            scene["original_path"] = more.pop("original_path")
        return self.host.run(self.keeper, "import bpy, offstage\n" + script, scene=scene, **more)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0"))
       + chunk(b"IEND", b""))


def codes(outcome: dict[str, Any]) -> list[str]:
    return [told["code"] for told in outcome["warnings"]]
