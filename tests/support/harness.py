# SPDX-License-Identifier: Apache-2.0
"""A private daemon for a test: own state, own sockets, own configuration, and nothing left afterwards.

    with Daemon(tmp_path, 'slots = 2\\n') as daemon:
        daemon.offstage("run", "x.py").stdout

The programs come from OFFSTAGE_BIN (a folder with `offstage` and `offstaged`; default: the install prefix or the newest build folder of this checkout).
"""
from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]


def program(name: str) -> str:
    places = [Path(os.environ["OFFSTAGE_BIN"])] if "OFFSTAGE_BIN" in os.environ else []
    for build in ("dev", "release"):
        places.append(ROOT / "build" / build / "bin")
    for place in places:
        if (place / name).is_file():
            return str(place / name)
    raise FileNotFoundError(f"{name} is in none of {', '.join(map(str, places))}; build it, or name its folder in OFFSTAGE_BIN")


class Daemon:
    """`config` is TOML text. Sockets live in a short folder of their own, since a socket's path has 107 bytes."""

    def __init__(self, folder: Path, config: str = "", proof_cache: Path | None = None, env: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.cli = program("offstage")
        self.binary = program("offstaged")
        self.runtime = Path(tempfile.mkdtemp(prefix="ot-"))
        self.proof_cache = proof_cache or folder / "cache"
        self.config = folder / "config" / "offstage" / "offstage.toml"
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_text(config)
        self.env = dict(os.environ, XDG_STATE_HOME=str(folder / "state"), XDG_RUNTIME_DIR=str(self.runtime), XDG_CONFIG_HOME=str(folder / "config"),
                        XDG_CACHE_HOME=str(self.proof_cache), NO_COLOR="1", PATH=f"{Path(self.binary).parent}:{os.environ['PATH']}", **(env or {}))
        for name in ("OFFSTAGE_SOCKET", "http_proxy", "HTTP_PROXY"):
            self.env.pop(name, None)

    # ---- the command line ----

    def offstage_bytes(self, *args: str, timeout: float = 60, **kwargs) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([self.cli, *args], env=self.env, capture_output=True, timeout=timeout, **kwargs)

    def offstage(self, *args: str, timeout: float = 60, **kwargs) -> subprocess.CompletedProcess[str]:
        return subprocess.run([self.cli, *args], env=self.env, capture_output=True, text=True, errors="replace", timeout=timeout, **kwargs)

    def json(self, *args: str, timeout: float = 60):
        done = self.offstage(*args, "--json", timeout=timeout)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    # ---- the daemon ----

    @property
    def pid(self) -> int:
        return self.json("status")["pid"]

    def start(self) -> None:
        done = self.offstage("daemon", "start")
        assert done.returncode == 0, done.stderr

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Sends the signal and returns the pid that had it, when the process is gone (SIGKILL) or at once (any other)."""
        pid = self.pid
        os.kill(pid, number)
        if number == signal.SIGKILL:
            wait_for(lambda: not alive(pid))
        return pid

    def processes(self) -> list[int]:
        """All processes that carry this daemon's runtime folder in their environment: daemon, keepers, workers, strays."""
        needle = f"XDG_RUNTIME_DIR={self.runtime}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    if needle in (entry / "environ").read_bytes().split(b"\0") and alive(int(entry.name)):
                        found.append(int(entry.name))
                except OSError:
                    continue
        return found

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        try:
            self.offstage("daemon", "stop", "--now", timeout=30)
        finally:
            for pid in self.processes():  # a failed test must not disturb the next one
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            shutil.rmtree(self.runtime, ignore_errors=True)


def alive(pid: int) -> bool:
    """Exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_for(what, patience: float = 60.0):
    """The first true value of what(), looked at every 20 ms; fails after `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"did not come to pass within {patience} s")
        time.sleep(0.02)
