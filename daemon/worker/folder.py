# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of an attempt: everything of it that is on disk. Layout: WIRE.md. Made at a worker's birth, before there is a job."""

import os
from dataclasses import dataclass

from . import page


@dataclass(frozen=True)
class Folder:
    path: str

    @classmethod
    def of(cls, attempts: str, attempt: str) -> "Folder":
        return cls(os.path.join(attempts, attempt))

    @property
    def page(self) -> str:
        return self.path + "/page"

    @property
    def log(self) -> str:
        return self.path + "/log"

    @property
    def work(self) -> str:
        return self.path + "/work"

    @property
    def out(self) -> str:
        return self.path + "/out"

    @property
    def tmp(self) -> str:
        return self.path + "/tmp"

    def make(self) -> None:
        """Fails if the attempt has been here before: an id is used once."""
        os.mkdir(self.path, 0o700)
        for entry in (self.work, self.out, self.tmp):
            os.mkdir(entry, 0o700)
        page.create(self.page)
        os.close(self.open_log())

    def open_log(self) -> int:
        return os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
