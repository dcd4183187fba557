# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies a file's content the cheapest way that the filesystem has: shared blocks (a reflink), else in the kernel, else by hand. No bpy here."""

import errno
import fcntl
import os
import shutil

FICLONE = 0x40049409
_CHUNK = 1 << 30
_NOT_HERE = (errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOTTY, errno.EPERM, errno.EBADF, errno.ETXTBSY)


def copy_content(source: int, target: int) -> None:
    """All of a regular file into an empty one; both are descriptors. Raises OSError: no room, an error of the disk."""
    try:
        fcntl.ioctl(target, FICLONE, source)
        return
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
    try:
        while os.copy_file_range(source, target, _CHUNK):
            pass
        return
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
    with os.fdopen(os.dup(source), "rb", 0) as reader, os.fdopen(os.dup(target), "wb", 0) as writer:
        reader.seek(0)
        writer.seek(0)
        shutil.copyfileobj(reader, writer, 1 << 20)
