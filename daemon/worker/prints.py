# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender prints while something is done. Some things it says nowhere else: which colour space or render engine of a file it does not have. No bpy here.

Nothing is taken away or held back: standard output is the log, a file, and what has been added to it is read.
"""

import os
import stat
from collections.abc import Callable
from typing import TypeVar

from . import pristine

MAX_BYTES = 1 << 20
T = TypeVar("T")


def listen(act: Callable[[], T]) -> tuple[T, str]:
    """Does it, and returns its result and what was printed; "" where standard output is no file."""
    pristine.flush()
    before = os.fstat(1)
    result = act()
    pristine.flush()
    if not stat.S_ISREG(before.st_mode):
        return result, ""
    try:
        with open("/proc/self/fd/1", "rb") as log:
            log.seek(before.st_size)
            return result, log.read(MAX_BYTES).decode("utf-8", "replace")
    except OSError:                      # the log's name is gone
        return result, ""
