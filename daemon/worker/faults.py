# SPDX-License-Identifier: GPL-3.0-or-later
"""Named places where a worker or a keeper dies if a daemon of a test build was told so: OFFSTAGE_CRASH_AT, see daemon/base/faults.h.

A release daemon never says so in a boot line, and then a place is one comparison.
"""

import os
import signal

_name, _passage, _signal = "", 1, signal.SIGKILL
_passed = 0


def arm(text: str) -> None:
    """NAME[:PASSAGE[:stop]]"""
    global _name, _passage, _signal
    _name, *more = text.split(":")
    _passage = int(more[0]) if more else 1
    _signal = signal.SIGSTOP if more[1:] == ["stop"] else signal.SIGKILL


def crash_point(name: str) -> None:
    global _passed
    if name != _name:
        return
    _passed += 1                         # a forked child goes on counting from what its zygote had
    if _passed == _passage:
        os.kill(os.getpid(), _signal)
