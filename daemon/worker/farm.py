# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene that was handed over by value lies where it came from, as far as Blender can see. No bpy here.

`//` paths, blendcache_NAME folders and libraries are looked up beside the .blend, so a copy in a folder of ours would lose them. The farm mirrors the
original path level by level: folders of ours down to the file, and beside each of them links to all that is really there.

    /home/u/proj/x.blend   →   FARM/home          (ours)   FARM/etc, FARM/usr, …        → /etc, /usr, …
                               FARM/home/u        (ours)   FARM/home/v                  → /home/v
                               FARM/home/u/proj   (ours)   FARM/home/u/proj/tex.png     → /home/u/proj/tex.png
                               FARM/home/u/proj/x.blend    → the bytes that were handed over

It needs no privilege, and each attempt has its own: two scenes never meet, whatever they are called. What is written straight into one of our folders stays
in the farm; what is written below a link arrives where the link points.
"""

import os

UNTITLED = "/untitled.blend"             # of a scene that was never saved
MAX_PATH = 1023                          # Blender cuts longer ones


class Farm:
    def __init__(self, folder: str, original: str, content: str) -> None:
        """Grows in `folder`, which must not exist. `content` is the file with the scene's bytes."""
        self.root = os.path.abspath(folder)
        self.original = os.path.normpath(original or UNTITLED)
        self.blend = self.root + self.original
        if len(os.fsencode(self.blend)) > MAX_PATH:
            raise OSError(f"its original path is {len(os.fsencode(original))} bytes long, too long for Blender")
        os.mkdir(self.root, 0o700)
        real, ours = "/", self.root
        for name in self.original.strip("/").split("/"):
            _link_all(real, ours, name)
            real, ours = os.path.join(real, name), os.path.join(ours, name)
            if ours != self.blend:
                os.mkdir(ours, 0o700)
        os.symlink(content, self.blend)

    def real(self, path: str) -> str:
        """The path without the farm."""
        return path[len(self.root):] if path.startswith(self.root + "/") else path


def _link_all(real: str, ours: str, but: str) -> None:
    try:
        names = os.listdir(real)
    except OSError:                      # not on this machine, or not for us: then nothing of it can be found in place either
        return
    for name in names:
        if name != but:
            os.symlink(os.path.join(real, name), os.path.join(ours, name))
