# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs through the `offstage` command, and what they leave."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from typing import Any

from . import values
from .parcel import Parcel
from .session import load

COMMAND = "offstage"
_staging: dict[str, str] = {}            # of a command: its daemon's staging folder


class Failed(Exception):
    """A job that did not succeed, or was refused. `job`: as docs/reference/json.md has it, or None."""

    def __init__(self, message: str, job: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.job = job


class Answer:
    """What a job that succeeded has left: `result`, and data-blocks that load() brings into this session.

    job     as `offstage show --json` prints it
    known   of the Parcel that went with it
    """

    def __init__(self, job: dict[str, Any], known: Any = None, command: str = COMMAND) -> None:
        if job["state"] != "SUCCEEDED":
            raise Failed((job.get("error") or {}).get("message") or f"the job is {job['state'].lower()}", job)
        self.job, self._known = job, known
        self._fetched: tempfile.TemporaryDirectory[str] | None = None
        self.folder = job["out_dir"]
        if not os.access(self.folder, os.R_OK):    # another machine's
            self._fetched = tempfile.TemporaryDirectory(prefix="offstage-")
            self.folder = self._fetched.name
            subprocess.run([command, "fetch", job["id"], ".values", ".blocks", "-o", self.folder], check=True, stdout=subprocess.DEVNULL)
        self.result = values.decode(json.dumps(job["result"]), self.folder)

    def load(self, replace: bool = False, collection: Any = None) -> list[Any]:
        """The data-blocks, in the order in which the script gave them. See session.load()."""
        return load(self.folder, self._known, replace, collection)


def run(script: str, parameters: dict[str, Any] | None = None, data_blocks: Iterable[Any] = (), options: Sequence[str] = (), command: str = COMMAND) -> Answer:
    """Runs a script as a job and waits for it; its log goes to standard error. `options`: more of `offstage run`, with what follows `--` at the end."""
    with Parcel(parameters, data_blocks, _staging_folder(command)) as parcel:
        done = subprocess.run([command, "run", "--json", *parcel.options, script, *options], stdout=subprocess.PIPE, check=False)
        if not done.stdout:
            raise Failed(f"`offstage run` ended with exit code {done.returncode}; standard error says why")
        return Answer(json.loads(done.stdout), parcel.known, command)


def _staging_folder(command: str) -> str | None:
    """Files that lie there become inputs without a copy. None: the daemon does not run yet, or is another machine's. Asked once."""
    if not os.access(_staging.get(command, ""), os.W_OK):
        done = subprocess.run([command, "status", "--json"], capture_output=True, check=False)
        _staging[command] = json.loads(done.stdout).get("staging_folder", "") if done.returncode == 0 else ""
    return _staging[command] if os.access(_staging[command], os.W_OK) else None
