# SPDX-License-Identifier: GPL-3.0-or-later
"""A log that grows without end gives its middle back to the disk: holes are punched, so head and tail stay where they are and offsets stay true.

The script goes on writing; nothing blocks it, and nothing tells it.
"""

import ctypes
import os

BLOCK, STAT_BLOCK = 4096, 512
KEEP_SIZE, PUNCH_HOLE = 1, 2
HEAD_SHARE = 4                           # of what is kept, one part in so many is the head
SLACK_SHARE = 8                          # punched only when there is so much to gain: not with each look

_libc = ctypes.CDLL(None, use_errno=True)
_libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]


def trim(path: str, keep_bytes: int) -> None:
    """Leaves about `keep_bytes` of the file on the disk. Raises OSError: it is gone, or this filesystem has no holes."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        found = os.fstat(fd)
        if found.st_blocks * STAT_BLOCK <= keep_bytes + keep_bytes // SLACK_SHARE:
            return
        begin, end = hole(found.st_size, keep_bytes)
        if begin < end and _libc.fallocate(fd, PUNCH_HOLE | KEEP_SIZE, begin, end - begin) != 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error), path)
    finally:
        os.close(fd)


def hole(size: int, keep_bytes: int) -> tuple[int, int]:
    """Begin and end, in whole blocks; a log of `size` bytes keeps what is outside."""
    head = keep_bytes // HEAD_SHARE
    return -(-head // BLOCK) * BLOCK, (size - (keep_bytes - head)) // BLOCK * BLOCK
