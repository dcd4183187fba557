# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets a render stop at its next chance once the job is cancelled. Needs bpy.

Blender cancels a running render at the first SIGINT, and calls exit() at a second. So while a render runs, and only then, a thread looks at the cancel flag and
sends this process one SIGINT, ever. The operator still answers FINISHED and the script goes on: it is to ask `offstage.cancelled()`. A Python with bpy
has no such handler; there the flag is all, and SIGTERM follows after the grace.
"""

import os
import signal
import threading
from typing import Any

from .page import Page

POLL_S = 0.05


class RenderWatch:
    def __init__(self, page: Page) -> None:
        self._page = page
        self._rendering = threading.Event()
        self._thread: threading.Thread | None = None
        self.cut_short = False           # a render was stopped by us

    def install(self) -> None:
        import bpy
        if signal.getsignal(signal.SIGINT) is not None:
            return                       # Python's own handler: this is a module, Blender has not installed its

        def offstage_render_begins(*_: Any) -> None:
            self._begin()

        def offstage_render_ends(*_: Any) -> None:
            self._rendering.clear()

        handlers = bpy.app.handlers      # persistent: opening a file clears the others; it takes plain functions only
        handlers.render_init.append(handlers.persistent(offstage_render_begins))
        handlers.render_complete.append(handlers.persistent(offstage_render_ends))
        handlers.render_cancel.append(handlers.persistent(offstage_render_ends))

    def _begin(self) -> None:
        self._rendering.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="offstage-cancel", daemon=True)
            self._thread.start()

    def _watch(self) -> None:
        stop = threading.Event()
        while not self._page.cancel_flag() or not self._rendering.is_set():
            self._rendering.wait()
            stop.wait(POLL_S)
        self.cut_short = True
        os.kill(os.getpid(), signal.SIGINT)
