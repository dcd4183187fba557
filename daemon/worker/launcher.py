# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker that is no Blender yet: it waits for its job, and becomes a Blender that sees the GPUs of this job and no others. Plain Python without bpy.

Drivers read which devices are visible when they are first asked for any, and never again: so they must be known before a Blender starts. Process, folder and
connection stay the same, and with them all that the daemon and the supervisor know of the worker.
"""

import json
import os
import signal
from typing import Any

from . import process, supervisor, wire


def main(boot: dict[str, Any]) -> None:
    connection = wire.Connection.dial(boot["socket"])
    connection.send({"t": "hello", "wire": wire.VERSION, "role": "worker", "nonce": boot["nonce"], "attempt": boot["attempt"], "pid": os.getpid(),
                     "start_ticks": process.start_ticks("self")})
    if connection.expect("welcome") is None:
        return
    connection.send({"t": "idle"})
    prepare = wire.receive_alone(connection.sock)
    if prepare is None:
        return
    environ = prepare.get("environ", {})
    line = {**boot, "role": "worker", "environ": environ, "connection": connection.sock.fileno(), "prepare": prepare}
    become(supervisor.command(boot["blender"]), line, environ)


def become(argv: list[str], line: dict[str, Any], environ: dict[str, str]) -> None:
    """Goes on as another program, with this boot line; open stay the standard descriptors and the connection."""
    fd = os.memfd_create("offstage-boot")
    with os.fdopen(os.dup(fd), "wb") as file:
        file.write(json.dumps(line).encode() + b"\n")
    os.lseek(fd, 0, os.SEEK_SET)
    os.dup2(fd, 0)
    os.set_inheritable(line["connection"], True)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):   # which Python ignores
        signal.signal(number, signal.SIG_DFL)
    os.execve(argv[0], argv, {**os.environ, **environ})
