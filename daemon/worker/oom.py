# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's word on memory: how often it has killed for want of it. A SIGKILL says nothing by itself; one during which this number grew says who sent it.

The nearest count is taken: of our own cgroup (version 2: memory.events, version 1: memory.oom_control), else of the whole machine (/proc/vmstat).
"""

import os
import re

_COUNT = re.compile(rb"^oom_kill (\d+)$", re.MULTILINE)


class Kills:
    def __init__(self, root: str = "/") -> None:
        """`root` has proc/ and sys/."""
        self._path = next((path for path in _places(root) if _read(path) is not None), "")

    def count(self) -> int:
        """0 where no count can be read."""
        return (_read(self._path) if self._path else None) or 0


def _places(root: str) -> list[str]:
    out = []
    try:
        with open(os.path.join(root, "proc/self/cgroup")) as file:
            lines = [line.rstrip("\n").split(":", 2) for line in file]
    except OSError:
        lines = []
    for number, controllers, path in lines:
        if number == "0" and not controllers:
            out.append(os.path.join(root, "sys/fs/cgroup", path.lstrip("/"), "memory.events"))
        elif "memory" in controllers.split(","):
            out.append(os.path.join(root, "sys/fs/cgroup/memory", path.lstrip("/"), "memory.oom_control"))
    return [*out, os.path.join(root, "proc/vmstat")]


def _read(path: str) -> int | None:
    """Without a file object: a zygote asks between two forks."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        found = _COUNT.search(os.read(fd, 65536))
    except OSError:
        return None
    finally:
        os.close(fd)
    return int(found[1]) if found else None
