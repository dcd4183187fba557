# SPDX-License-Identifier: GPL-3.0-or-later
"""The page that a worker and the daemon share: progress and message one way, the cancel flag the other. Format: WIRE.md.

A script may call progress() in its inner loop: it is a handful of stores into mapped memory, no system call, and the message is written only where it changed.
"""

import mmap
import os
import threading
import time
from collections.abc import Callable

SIZE = 4096
MAGIC = b"OFFSTAG1"
MESSAGE_BYTES = 1024
IDLE, PREPARED, RUNNING, ENDED, NO_ROOM = range(5)

# Indices of 8-byte fields.
_SEQUENCE, _FRACTION, _COUNT, _PHASE, _STARTED, _LENGTH, _BASE, _CANCEL = 1, 2, 3, 4, 5, 6, 7, 256
_TEXT = 64

Progress = Callable[..., None]


def boottime_us() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


def create(path: str) -> None:
    """A page of an attempt that has not begun. Written out, so that a full disk shows here and not as a SIGBUS later."""
    content = bytearray(SIZE)
    content[:8] = MAGIC
    memoryview(content).cast("d")[_FRACTION] = -1.0
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.write(fd, content)
    finally:
        os.close(fd)


def peek_base(path: str) -> int:
    """What a Blender that was launched for its job had for itself before that, in bytes; 0: it is not there yet."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        return int.from_bytes(os.pread(fd, 8, _BASE * 8), "little")
    finally:
        os.close(fd)


def peek(path: str) -> tuple[int, int]:
    """(phase, CLOCK_BOOTTIME of GO in µs), for a keeper; (0, 0) where there is no page."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0, 0
    try:
        fields = os.pread(fd, 16, _PHASE * 8)
    finally:
        os.close(fd)
    return int.from_bytes(fields[:8], "little"), int.from_bytes(fields[8:], "little")


def _clip(message: str) -> bytes:
    """At most MESSAGE_BYTES of UTF-8, cut between characters."""
    data = message.encode(errors="replace")
    return data if len(data) <= MESSAGE_BYTES else data[:MESSAGE_BYTES].decode(errors="ignore").encode()


def _fraction(value: float) -> float:
    if value != value:
        raise ValueError("progress(): the fraction is not a number; give 0 … 1")
    return 0.0 if value < 0.0 else 1.0


class Page:
    """The worker's side of the mapped page."""

    def __init__(self, path: str) -> None:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            self._map = mmap.mmap(fd, SIZE)
        finally:
            os.close(fd)
        self._bytes = memoryview(self._map)
        self._u64 = self._bytes.cast("Q")
        self._f64 = self._bytes.cast("d")

    @property
    def phase(self) -> int:
        return self._u64[_PHASE]

    @phase.setter
    def phase(self, value: int) -> None:
        self._u64[_PHASE] = value

    def go(self) -> int:
        """From here on, user code may have run. Returns the time that it noted."""
        now = boottime_us()
        self._u64[_STARTED] = now
        self._u64[_PHASE] = RUNNING
        return now

    def tell_base(self, private_bytes: int) -> None:
        self._u64[_BASE] = private_bytes

    def cancel_flag(self) -> int:
        return self._u64[_CANCEL]

    def reporter(self) -> Progress:
        """The script's progress(). A closure over locals: attribute look-ups would double its price."""
        u64, f64, view = self._u64, self._f64, self._bytes
        lock = threading.Lock()          # two threads of a script must not write one message at the same time
        last = ""

        def progress(fraction: float, message: str = "") -> None:
            """Says how far the job is, 0 … 1, and what it does. The newest call wins; costs under a microsecond."""
            nonlocal last
            f64[_FRACTION] = fraction if 0.0 <= fraction <= 1.0 else _fraction(fraction)
            u64[_COUNT] += 1
            if message != last:
                data = _clip(message)
                with lock:
                    u64[_SEQUENCE] += 1
                    u64[_LENGTH] = len(data)
                    view[_TEXT:_TEXT + len(data)] = data
                    u64[_SEQUENCE] += 1
                    last = message

        return progress
