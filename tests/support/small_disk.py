# SPDX-License-Identifier: Apache-2.0
"""A real disk of a few megabytes for one test: a tmpfs in a mount namespace of its own, so that nothing is left of it, however the test ends.

As root that is `unshare --mount`, as anybody else `unshare --user --mount`. Where a container allows neither, the small tmpfs that containers have for
/dev/shm is filled up to the size that was asked for. `how` says which one it was.
"""
from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .harness import Daemon

SHM = Path("/dev/shm")
MOST_FILLED = 1 << 30                        # bytes of /dev/shm that may be taken away from others for a moment


class SmallDisk:
    """At `place` as the processes of `entered()` see it; the test itself sees it at `path`."""

    def __init__(self, place: Path, size: int) -> None:
        place.mkdir(parents=True, mode=0o700)
        self.how, self.path = "", place
        self._enter: list[str] = []
        self._holder: subprocess.Popen[str] | None = None
        self._shm: Path | None = None
        if not self._mount(place, size, []) and not self._mount(place, size, ["--user", "--map-root-user"]):
            self._take_shm(place, size)

    def _mount(self, place: Path, size: int, more: list[str]) -> bool:
        mount = f"mount -t tmpfs -o size={size},mode=700 tmpfs '{place}' && echo mounted && exec sleep infinity"
        holder = subprocess.Popen(["unshare", *more, "--mount", "sh", "-c", mount], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert holder.stdout is not None
        if holder.stdout.readline() != "mounted\n":
            holder.wait()
            return False
        self._holder, self.path = holder, Path(f"/proc/{holder.pid}/root{place}")
        self._enter = ["nsenter", "--target", str(holder.pid), *(["--user", "--preserve-credentials"] if more else []), "--mount", "--"]
        self.how = f"tmpfs, by unshare {' '.join([*more, '--mount'])}"
        return True

    def _take_shm(self, place: Path, size: int) -> None:
        surplus = self._free(SHM) - size
        assert 0 <= surplus <= MOST_FILLED, "neither unshare --mount nor --user --mount is allowed here, and /dev/shm is no small tmpfs"
        self._shm = Path(tempfile.mkdtemp(prefix="offstage-", dir=SHM))
        self._shm.chmod(0o700)
        with open(self._shm / "surplus", "wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, surplus))
        place.rmdir()
        place.symlink_to(self._shm)
        self.how = "what is left of /dev/shm"

    def entered(self, daemon: Daemon) -> Daemon:
        """The daemon, with all that it starts on this disk."""
        program = daemon.folder / "offstage"
        program.write_text(f"#!/bin/sh\nexec {' '.join(self._enter)} '{daemon.cli}' \"$@\"\n")
        program.chmod(0o700)
        daemon.cli = str(program)
        return daemon

    @staticmethod
    def _free(path: Path) -> int:
        disk = os.statvfs(path)
        return disk.f_bavail * disk.f_frsize

    @property
    def free(self) -> int:
        return self._free(self.path)

    def fill(self, leave: int = 0) -> Path:
        """Somebody else's file that takes all but `leave` bytes."""
        other = self.path / "of-somebody-else"
        with open(other, "ab", buffering=0) as file:
            while (room := self.free - leave) > 0:
                try:
                    file.write(b"x" * min(room, 1 << 16))
                except OSError:
                    break
        return other

    def close(self) -> None:
        if self._holder:
            self._holder.kill()
            self._holder.communicate()
        if self._shm:
            shutil.rmtree(self._shm)
