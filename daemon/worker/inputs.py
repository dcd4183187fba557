# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a job's inputs into its attempt's working directory, before the script's first line. No bpy here.

They are copied: a script may change what it finds there, and the next attempt finds what the first one did. Names that begin with a dot are the client
libraries' own; they stay where they are and are read there.
"""

import errno
import os
from collections.abc import Iterable

from .copying import copy_content


class Missing(Exception):
    """An input cannot be put where the script looks for it; the text says why."""


def take(folder: str, names: Iterable[str], work: str) -> None:
    """Raises OSError where the disk is full, Missing for all else."""
    for name in names:
        if name.startswith("."):
            continue
        target = os.path.join(work, name)
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            _copy(os.path.join(folder, name), target)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise Missing(f"input {name} cannot be copied from {folder}: {error.strerror}") from None


def _copy(source: str, target: str) -> None:
    """A new file that the script may write."""
    source_fd = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        target_fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            copy_content(source_fd, target_fd)
        finally:
            os.close(target_fd)
    finally:
        os.close(source_fd)
