# SPDX-License-Identifier: GPL-3.0-or-later
"""A warm Blender that forks workers. Needs bpy.

It makes itself quiet, looks whether it is, and from then on does nothing that could wake a pool. See docs/design/fork-server.md.
"""

import gc
import os
import shutil
import sys
import warnings
from typing import Any

from . import checks, environment, interrupt, memory, offstage_api, pristine, process, quiesce, shim, warm, wire, worker

assert interrupt and offstage_api        # loaded here, once, not in each child
Checks = dict[str, bool]


def main(boot: dict[str, Any]) -> None:
    import bpy
    baseline = checks.tasks()
    pristine.own_session()
    pristine.subreaper()
    pristine.line_buffered()
    os.umask(0o077)
    connection = wire.Connection.dial(boot["socket"])
    connection.send({"t": "hello", "wire": wire.VERSION, "role": "zygote", "nonce": boot["nonce"], "pid": os.getpid(),
                     "start_ticks": process.start_ticks("self"), "blender_version": ".".join(map(str, bpy.app.version)), "python": sys.version.split()[0]})
    if connection.expect("welcome") is None:
        return
    environment.enter(boot.get("load"))
    if (scene := boot.get("scene")) and (reason := warm.load(scene)):
        connection.send({"t": "unfit", "reason": reason, "checks": {}})
        return
    found, reason = make_fit(baseline, boot.get("options", {}).get("huge_pages", True))
    if reason:
        connection.send({"t": "unfit", "reason": reason, "checks": found})
        return
    keeper = shim.Keeper(boot, connection, lambda attempt, nonce: fork(keeper, boot, attempt, nonce), private_base=False)
    keeper.say({"t": "ready", "checks": found, "private_bytes": memory.private_bytes(), "share_bytes": memory.share_bytes()})
    keeper.serve()


def make_fit(baseline: "checks.Counter[str]", huge_pages: bool) -> tuple[Checks, str]:
    """Readies this process for forking. Returns what was checked, and why it is unfit ("" = it is fit)."""
    import bpy
    # The session folder would be shared by all children, and the first to set its own would remove it for all.
    shutil.rmtree(bpy.app.tempdir, ignore_errors=True)
    bpy.context.view_layer.update()
    for scene in bpy.data.scenes:
        scene.render.use_persistent_data = False
    gc.collect()
    gc.freeze()                          # or a collection in a child copies every page that holds an object
    found: Checks = dict(quiesce.quiesce())
    if huge_pages:                       # after the pools have gone, or their stacks become huge
        memory.use_huge_pages()
    found["persistent_data"] = checks.no_persistent_data()
    found["python_threads"] = checks.only_main_thread()
    if bad := [name for name, good in found.items() if not good]:
        return found, f"not quiet before a fork: {', '.join(bad)}"
    with quiet_fork():
        found["child"] = checks.child_answers(bpy.context.view_layer.update)
    found["tasks"] = checks.no_more_tasks(baseline)
    if not found["child"]:
        return found, "a forked child did not answer"
    if not found["tasks"]:
        return found, f"threads that a child would lack: {', '.join(checks.tasks() - baseline)}"
    return found, ""


def quiet_fork() -> "warnings.catch_warnings[None]":
    """Python 3.12 and later warn of threads at a fork; the ones that are left here are known. Undone in the child as well."""
    return warnings.catch_warnings(action="ignore", category=DeprecationWarning) if sys.version_info >= (3, 11) else warnings.catch_warnings()


def fork(keeper: shim.Keeper, boot: dict[str, Any], attempt: str, nonce: str) -> int:
    pristine.flush()
    with quiet_fork():
        pid = os.fork()
    if pid == 0:
        keeper.abandon()
        worker.forked(boot, attempt, nonce)
    return pid
