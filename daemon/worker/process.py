# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes by what /proc and pidfds tell of them."""

import os
import signal


def read(path: str) -> bytes:
    """Without a file object: each page that a zygote touches between two forks is copied."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = part = os.read(fd, 4096)
        while part:                      # a file of /proc may come in pieces
            part = os.read(fd, 65536)
            data += part
        return data
    finally:
        os.close(fd)


def start_ticks(pid: int | str) -> int:
    """When a process began, in clock ticks since boot; with its id, that names it for ever."""
    return int(read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[19])


def children(pid: int | str = "self") -> list[int]:
    """Of a subreaper, as keepers and workers are, also those whose parents have died."""
    found: list[int] = []
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except FileNotFoundError:
        return found
    for task in tasks:
        try:
            found += [int(child) for child in read(f"/proc/{pid}/task/{task}/children").split()]
        except (FileNotFoundError, ProcessLookupError):
            continue                     # a thread that has just ended
    return found


def tree(pid: int) -> list[int]:
    """It and all below it."""
    found = [pid]
    for each in found:
        found += children(each)
    return found


def kill(pidfd: int) -> None:
    try:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    except ProcessLookupError:
        return
