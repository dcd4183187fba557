# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker's own cgroup (version 2), where the daemon was given one to divide: exact limits, and an end from which nothing escapes.

Made at a spare's birth. Moving a process moves no memory that it has already: what a worker shares with its zygote is not counted.
"""

import os
import re

TASKS = 4096                             # processes and threads; a Blender on a large machine has some hundreds
_OOM_KILLS = re.compile(rb"^oom_kill (\d+)$", re.MULTILINE)


class Group:
    def __init__(self, path: str) -> None:
        self._path = path

    @classmethod
    def make(cls, above: str, name: str, pid: int) -> "Group | None":
        """With `pid` in it. None: it cannot be had, and the worker goes on without."""
        group = cls(os.path.join(above, name))
        try:
            os.mkdir(group._path)
        except OSError:
            return None
        if group._write("pids.max", TASKS) and group._write("cgroup.procs", pid):
            return group
        group.remove()
        return None

    def limit_memory(self, most_bytes: int) -> bool:
        """False: the keeper has to look by itself. Swap is no way around, and who goes beyond goes with all that it has made."""
        self._write("memory.swap.max", 0)
        self._write("memory.oom.group", 1)
        return self._write("memory.max", most_bytes)

    def went_beyond(self) -> bool:
        try:
            found = _OOM_KILLS.search(_read(os.path.join(self._path, "memory.events")))
        except OSError:
            return False
        return found is not None and int(found[1]) > 0

    def kill(self) -> None:
        self._write("cgroup.kill", 1)

    def remove(self) -> None:
        try:
            os.rmdir(self._path)
        except OSError:
            return                       # something in it still dies: the daemon clears up at its next start

    def _write(self, name: str, value: int) -> bool:
        try:
            fd = os.open(os.path.join(self._path, name), os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            os.write(fd, str(value).encode())
        except OSError:
            return False
        finally:
            os.close(fd)
        return True


def _read(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 4096)
    finally:
        os.close(fd)
