# SPDX-License-Identifier: Apache-2.0
"""Nothing in the tree names the machine on which it was written."""

import re
from collections.abc import Iterator

from .tree import files, shown, text

# Home folders of people, a root's home, build folders outside the tree. Examples use /data, /home/me or ~.
PATHS = re.compile(r"/root/(?!\*)|/home/(?!me\b|user\b|\w\b|\$)\w+/|/work/|/tmp/build")


def violations() -> Iterator[str]:
    for path in files():
        if path.name == "machine_paths.py":
            continue
        for number, line in enumerate(text(path).splitlines(), 1):
            if found := PATHS.search(line):
                yield f"{shown(path, number)}: names {found[0]}, which is somebody's machine"
