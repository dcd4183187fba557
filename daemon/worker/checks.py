# SPDX-License-Identifier: GPL-3.0-or-later
"""What a zygote must not have done, and how it shows. Anything found here makes it unfit: its children would hang, or run on one core."""

import os
import select
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable

PATIENCE_S = 10.0


def tasks() -> Counter[str]:
    """Threads of this process besides the main one, by name."""
    names: Counter[str] = Counter()
    for task in os.listdir("/proc/self/task"):
        if int(task) != os.getpid():
            try:
                with open(f"/proc/self/task/{task}/comm") as comm:
                    names[comm.read().strip()] += 1
            except OSError:
                continue                 # it has just ended
    return names


def no_more_tasks(baseline: Counter[str]) -> bool:
    """Nothing runs that did not run at the start: decoders, GL drivers and devices leave threads that a child would lack. jemalloc knows fork."""
    more = tasks() - baseline
    return not [name for name in more if not name.startswith("jemalloc")]


def only_main_thread() -> bool:
    return threading.active_count() == 1 and threading.current_thread() is threading.main_thread()


def no_persistent_data() -> bool:
    import bpy
    return not any(scene.render.use_persistent_data for scene in bpy.data.scenes)


def child_answers(work: Callable[[], None]) -> bool:
    """Forks a throw-away child that does `work` and answers; killed if it does not."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os.write(write, b"!")
        finally:
            sys.stderr.flush()
            os._exit(0)
    os.close(write)
    ready, _, _ = select.select([read], [], [], PATIENCE_S)
    answered = bool(ready) and os.read(read, 1) == b"!"
    os.close(read)
    if not answered:
        os.kill(pid, signal.SIGKILL)     # our own child, not reaped yet: the id is still its
    _, status = os.waitpid(pid, 0)
    return answered and status == 0
