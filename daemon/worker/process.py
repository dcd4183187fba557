# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes by what /proc and pidfds tell of them."""

import os
import signal


def start_ticks(pid: int | str) -> int:
    """When a process began, in clock ticks since boot; with its id, that names it for ever."""
    with open(f"/proc/{pid}/stat", "rb") as stat:
        return int(stat.read().rpartition(b")")[2].split()[19])


def children() -> list[int]:
    """Ours, also those whose parents have died: we are their subreaper."""
    found = []
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/children") as file:
                found += [int(pid) for pid in file.read().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue                     # a thread that has just ended
    return found


def kill(pidfd: int) -> None:
    try:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    except ProcessLookupError:
        return
