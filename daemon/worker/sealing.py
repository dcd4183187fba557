# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a file once it has been hashed, so that it need not be read again; and making files durable. No bpy here.

stat() tells whether a file can have been changed: no program can set its change time. Two things are to be ruled out: a change within the same tick of the
clock, and one by way of a mapping, which shows only once the pages have been written out.
"""

import hashlib
import os
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

_CHUNK = 1 << 20
TICK_NS = 10_000_000                    # a change of a file within a tick of the kernel's clock may not show in its times
WORTH_WAITING = 16 << 20                # to hash more bytes than this once more costs more than a tick


class Look(NamedTuple):
    """Of a file, by which it is known again."""
    mtime_ns: int
    ctime_ns: int
    inode: int


class Entry(NamedTuple):
    """What the manifest says of a file."""
    size: int
    sha256: str
    look: Look | None = None             # when it was hashed; None: it could have been changed since without looking otherwise


def seal(fd: int) -> Entry:
    """Makes durable, hashes. In this order: what a mapping writes shows in a file's times once its pages have been written out."""
    os.fsync(fd)
    before = os.fstat(fd)
    if (early_ns := before.st_ctime_ns + TICK_NS - time.time_ns()) > 0 and before.st_size >= WORTH_WAITING:
        time.sleep(min(early_ns, TICK_NS) / 1e9)
        early_ns = before.st_ctime_ns + TICK_NS - time.time_ns()
    digest, size = hash_of(fd)
    look = look_of(before)
    return Entry(size, digest, look if early_ns <= 0 and size == before.st_size and look == look_of(os.fstat(fd)) else None)


def look_of(status: os.stat_result) -> Look:
    return Look(status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def hash_of(fd: int) -> tuple[str, int]:
    digest, buffer, offset = hashlib.sha256(), bytearray(_CHUNK), 0
    view = memoryview(buffer)
    while count := os.preadv(fd, [buffer], offset):
        digest.update(view[:count])      # without the interpreter's lock
        offset += count
    return digest.hexdigest(), offset


def in_parallel(steps: list[Callable[[], None]]) -> None:
    """Raises the first OSError. Plain threads: an executor refuses work once the script has ended."""
    queue = iter(steps)
    lock = threading.Lock()
    errors: list[OSError] = []

    def work() -> None:
        while True:
            with lock:
                step = next(queue, None)
            if step is None:
                return
            try:
                step()
            except OSError as error:
                errors.append(error)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(len(steps), os.cpu_count() or 1, 8) - 1)]
    for thread in threads:
        thread.start()
    work()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def sync_folder(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
