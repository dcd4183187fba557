# SPDX-License-Identifier: GPL-3.0-or-later
"""The first thing that runs in a process that the daemon, or a supervisor, has started: reads its one boot line and becomes what that says.

This folder is loaded as the package `offstage_worker` and leaves `sys.path` at once, so that a script's own `scene.py` or `values.py` is never ours.
"""

import importlib
import importlib.util
import json
import os
import sys
import traceback
from types import ModuleType
from typing import Any, NoReturn

PACKAGE = "offstage_worker"
FOLDER = os.path.dirname(os.path.abspath(__file__))
ROLES = {"zygote": "zygote", "supervisor": "supervisor", "worker": "worker", "launcher": "launcher"}
BOOT_FAILED = 98


def load() -> ModuleType:
    """This folder as the package `offstage_worker`."""
    if PACKAGE not in sys.modules:
        spec = importlib.util.spec_from_file_location(PACKAGE, os.path.join(FOLDER, "__init__.py"), submodule_search_locations=[FOLDER])
        assert spec and spec.loader
        sys.modules[PACKAGE] = package = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(package)
    return sys.modules[PACKAGE]


def read_line(fd: int) -> dict[str, Any]:
    """The boot line; standard input becomes /dev/null, for nobody after us is to read it."""
    data = b""
    while not data.endswith(b"\n") and (part := os.read(fd, 65536)):
        data += part
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, fd)
    os.close(null)
    return json.loads(data)


def main() -> NoReturn:
    """Never returns: a Blender that reaches its own exit() may hang there."""
    try:
        sys.path[:] = [entry for entry in sys.path if entry != FOLDER]
        sys.modules.pop("boot", None)
        line = read_line(0)
        os.environ.update(line.get("environ", {}))
        load()
        importlib.import_module(f"{PACKAGE}.faults").arm(line.get("options", {}).get("crash_at", ""))
        role = importlib.import_module(f"{PACKAGE}.{ROLES[line['role']]}")
        role.main(line)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(BOOT_FAILED)
