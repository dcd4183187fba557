# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts cold Blenders and is their parent, as a zygote is of its children. Plain Python without bpy, run by the installation's own interpreter."""

import json
import os
import signal
import sys
from typing import Any

from . import boot as boot_module
from . import pristine, process, shim, wire
from .folder import Folder

BOOT = "import sys; sys.path.insert(0, {!r}); import boot; boot.main()"
OFFLINE_SINCE = (4, 2)


def main(boot: dict[str, Any]) -> None:
    pristine.own_session()
    pristine.subreaper()
    os.umask(0o077)
    connection = wire.Connection.dial(boot["socket"])
    connection.send({"t": "hello", "wire": wire.VERSION, "role": "supervisor", "nonce": boot["nonce"], "pid": os.getpid(),
                     "start_ticks": process.start_ticks("self"), "blender_version": boot["blender"]["version"], "python": sys.version.split()[0]})
    if connection.expect("welcome") is None:
        return
    keeper = shim.Keeper(boot, connection, lambda attempt, nonce: spawn(boot, attempt, nonce), private_base=True)
    keeper.say({"t": "ready", "checks": {}, "private_bytes": 0})
    keeper.serve()


def command(blender: dict[str, Any]) -> list[str]:
    """How a Blender is started so that it runs our boot, see WIRE.md."""
    expression = BOOT.format(boot_module.FOLDER)
    if blender["kind"] == "module":
        return [blender["path"], "-W", "ignore", "-c", expression]
    version = tuple(int(part) for part in blender["version"].split(".")[:2])
    return [blender["path"], "-b", "--factory-startup", "--disable-autoexec", "-noaudio", "-setaudio", "None",
            *(["--offline-mode"] if version >= OFFLINE_SINCE else []), "--python-exit-code", "99", "--python-expr", expression]


def spawn(boot: dict[str, Any], attempt: str, nonce: str) -> int:
    """Starts a cold worker in a session of its own; its log is there from the first line on, for those that die before they can speak."""
    folder = Folder.of(boot["attempts"], attempt)
    folder.make()
    later = bool(boot.get("load", {}).get("gpus"))   # which ones, its job will know
    line = json.dumps({**boot, "role": "launcher" if later else "worker", "attempt": attempt, "nonce": nonce}) + "\n"
    read = os.memfd_create("offstage-boot")   # a pipe holds 64 KiB, and preferences of add-ons may take more
    try:
        os.write(read, line.encode())
        os.lseek(read, 0, os.SEEK_SET)
        argv = [sys.executable, "-I", "-S", "-c", BOOT.format(boot_module.FOLDER)] if later else command(boot["blender"])
        return os.posix_spawn(
            argv[0], argv, {**os.environ, "TMPDIR": folder.tmp},   # its session folder is made before a line of ours runs
            file_actions=[(os.POSIX_SPAWN_DUP2, read, 0), (os.POSIX_SPAWN_OPEN, 1, folder.log, os.O_WRONLY | os.O_APPEND, 0o600), (os.POSIX_SPAWN_DUP2, 1, 2)],
            setsid=True, setsigdef=[signal.SIGPIPE, signal.SIGXFSZ])
    finally:
        os.close(read)
