# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker has for itself beyond memory. `born` is done before there is a job, `dressed` when it is known."""

import atexit
import ctypes
import os
import resource
import signal
import sys
import weakref
from typing import Any

from . import limits
from .folder import Folder

_PR_SET_CHILD_SUBREAPER, _IOLBF = 36, 1
_OOM_SCORE_ADJ = 500          # a worker goes before the daemon does
_libc = ctypes.CDLL(None, use_errno=True)


def flush() -> None:
    """Python's and C's standard streams."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue                     # closed by the script, or its pipe is: nothing to save
    _libc.fflush(None)


def line_buffered() -> None:
    """Both Python's and C's standard output, or logs come late."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="surrogateescape" if stream is sys.stdout else "backslashreplace", line_buffering=True)
    _libc.setvbuf(ctypes.c_void_p.in_dll(_libc, "stdout"), None, _IOLBF, ctypes.c_size_t(0))


def subreaper() -> None:
    if _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER) failed")


def own_session() -> None:
    try:
        os.setsid()
    except PermissionError:              # whoever started us has done it
        return


def log_to(folder: Folder) -> None:
    log = folder.open_log()
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


def forget_exit_callbacks() -> None:
    """Blender's own atexit callbacks must not run in a process that never reaches exit(); Python's own two are put back."""
    atexit._clear()
    weakref.finalize._registered_with_atexit = False
    if "logging" in sys.modules:
        atexit.register(sys.modules["logging"].shutdown)


def born(folder: Folder, attempt: str) -> None:
    """Needs bpy, for Blender's own temporary folder."""
    import bpy
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    subreaper()
    os.umask(0o077)
    os.chdir(folder.work)
    os.environ["OFFSTAGE_ATTEMPT"] = attempt
    os.environ["TMPDIR"] = folder.tmp
    if "tempfile" in sys.modules:
        sys.modules["tempfile"].tempdir = folder.tmp
    bpy.context.preferences.filepaths.temporary_directory = folder.tmp
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    with open("/proc/self/oom_score_adj", "w") as score:
        score.write(str(_OOM_SCORE_ADJ))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    limits.hold_processes()
    forget_exit_callbacks()


def dressed(prepare: dict[str, Any]) -> None:
    """What the job asks for."""
    os.environ.update(prepare["env"])
    os.umask(prepare["umask"])
    if prepare["nice"]:
        os.nice(prepare["nice"])
    if prepare["cpus"]:
        from . import quiesce
        quiesce.cap(prepare["cpus"])
    if prepare.get("memory_bytes"):
        limits.hold_memory(prepare["memory_bytes"])
