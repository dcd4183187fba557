# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory as the fork server sees it: what a process has for itself, and huge pages, so that fork() copies 512 times fewer entries."""

import ctypes
import io
import re

PAGE, HUGE = 4 << 10, 2 << 20
WORTH_IT = 16                 # of 512 small pages
_MADV_HUGEPAGE, _MADV_COLLAPSE = 14, 25
_AREA = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+\s*(.*)")


def private_bytes(pid: int | str = "self") -> int:
    """Bytes that no other process shares, swapped ones included; 0 if the process is gone."""
    total = 0
    try:
        with open(f"/proc/{pid}/smaps_rollup") as rollup:
            for line in rollup:
                if line.startswith(("Private_Clean:", "Private_Dirty:", "SwapPss:")):
                    total += int(line.split()[1]) * 1024
    except OSError:
        return 0
    return total


def use_huge_pages() -> int:
    """Collapses private anonymous memory into huge pages; returns how many. Kernels before 6.1 know no collapse: 0, and nothing is lost."""
    libc = ctypes.CDLL(None)
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    with open("/proc/self/maps") as maps:
        areas = [match for line in maps if (match := _AREA.match(line))]
    done = 0
    with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
        for area in areas:
            begin, end, mode, name = int(area[1], 16), int(area[2], 16), area[3], area[4]
            begin, end = (begin + HUGE - 1) & -HUGE, end & -HUGE
            if mode == "rw-p" and name in ("", "[heap]") and begin < end:
                libc.madvise(begin, end - begin, _MADV_HUGEPAGE)
                done += sum(_resident(pagemap, at) >= WORTH_IT and libc.madvise(at, HUGE, _MADV_COLLAPSE) == 0 for at in range(begin, end, HUGE))
    return done


def _resident(pagemap: io.RawIOBase, at: int) -> int:
    """How many small pages of this huge one are there; the rest would be made of nothing."""
    pagemap.seek(at // PAGE * 8)
    entries = pagemap.read(HUGE // PAGE * 8) or b""
    return sum(entry >> 63 for entry in memoryview(entries).cast("Q"))


def share_bytes() -> int:
    """The proportional share of all memory (PSS) of this process."""
    with open("/proc/self/smaps_rollup") as rollup:
        return next(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) << 10
