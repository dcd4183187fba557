# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel holds a worker to by itself, behind what its keeper looks at. No bpy here.

A look every 100 ms misses a burst: RLIMIT_DATA turns it into MemoryError or bad_alloc. It counts memory that was asked for, not memory that is used, and
Blender asks for much that it never touches: so it is generous, and the keeper is the one that is exact.
RLIMIT_NPROC counts all tasks of the user. A script gets half of what the user may have, so that a fork bomb leaves them a way in. It does not hold for root.
"""

import os
import re
import resource

from . import process

DATA_FACTOR, DATA_SLACK = 2, 1 << 30
PROCESS_SHARE = 2
_VM_DATA = re.compile(rb"^VmData:\s+(\d+) kB$", re.MULTILINE)


def hold_memory(memory_bytes: int) -> None:
    """From now on this process, and each that it makes, may ask for so much more than it has."""
    found = _VM_DATA.search(process.read("/proc/self/status"))
    have = int(found[1]) * 1024 if found else 0
    _lower(resource.RLIMIT_DATA, have + DATA_FACTOR * memory_bytes + DATA_SLACK)


def hold_processes() -> None:
    if os.geteuid() == 0:
        return
    allowed = [int(process.read(f"/proc/sys/kernel/{name}")) for name in ("pid_max", "threads-max")]
    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    _lower(resource.RLIMIT_NPROC, min([*allowed, hard] if hard != resource.RLIM_INFINITY else allowed) // PROCESS_SHARE)


def _lower(which: int, value: int) -> None:
    hard = resource.getrlimit(which)[1]
    if hard == resource.RLIM_INFINITY or value < hard:
        resource.setrlimit(which, (value, value))
