# SPDX-License-Identifier: GPL-3.0-or-later
"""The module `offstage` that a script imports. Made anew for each worker: it holds the attempt's own state and nothing of ours beside it."""

from types import ModuleType
from typing import Any

from .exchange import Exchange
from .files import Files
from .page import Page


class Cancelled(Exception):
    """Raised by a script that ends early because `offstage.cancelled()` is true; the job is then cancelled, not failed."""


Cancelled.__module__ = "offstage"


class Api(ModuleType):
    """What your script has of Offstage.

    Global variables of the script, beside its parameters: passed_data_blocks (list), data_blocks (fill in what is to come back: a list or set), python_data
    (the result, unless offstage.result is set), update_job_progress (as progress), source_blend_file (path of the scene, "" if there is none).

    params        dict: the job's parameters; those whose names are identifiers are global variables of the script as well
    progress(fraction, message="")   how far it is, 0 … 1; the newest call wins, cheap enough for an inner loop
    result        assign to it: None, booleans, numbers, text, bytes, lists, dicts, mathutils types, numpy arrays of any size
    send(data_blocks)   gives data-blocks (a list or set of whatever bpy.data has) back at once, as they are now
    cancelled()   True once somebody wants the job to end; then return, or raise offstage.Cancelled
    out_dir       absolute path of a folder: the files in it at the end are the job's result files
    save_file(path, name=None)   takes a copy of a file into out_dir and lists it at once, so that it can be fetched while the script goes on; a file that is
                  in out_dir already is listed as it is. `name`: what it is called there, "frames/1.png"; default: its own name. Returns the name
    """

    def __init__(self, page: Page, out_dir: str, files: Files, exchange: Exchange) -> None:
        super().__init__("offstage", Api.__doc__)
        asked = False

        def cancelled() -> bool:
            """True once the job is cancelled or has timed out. A render that was under way then has been cut short: ask after each one."""
            nonlocal asked
            if page.cancel_flag():
                asked = True
            return asked

        self.params: dict[str, Any] = {}
        self.result: Any = None
        self.out_dir = out_dir
        self.progress = page.reporter()
        self.save_file = files.save
        self.send = exchange.send
        self.cancelled = cancelled
        self.Cancelled = Cancelled
        self.__dict__["__all__"] = ["params", "progress", "result", "cancelled", "Cancelled", "out_dir", "save_file", "send"]
        self.__dict__["_knows"] = lambda: asked
