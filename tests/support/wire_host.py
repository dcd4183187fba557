# SPDX-License-Identifier: Apache-2.0
"""The daemon's side of the worker wire, small and in Python: boots keepers, asks them for workers, hands jobs over, reads what became of them.

For tests and measurements of the worker's code alone; the real one is daemon/pool. One thread: everything is taken in while something is waited for.
"""

import hashlib
import json
import mmap
import os
import secrets
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
WORKER_CODE = ROOT / "daemon" / "worker"
BOOT = f"import sys; sys.path.insert(0, {str(WORKER_CODE)!r}); import boot; boot.main()"
PATIENCE_S = 120.0
Message = dict[str, Any]


@dataclass(frozen=True)
class Blender:
    """An executable, or a Python with bpy."""
    path: str
    kind: str = "executable"
    version: str = ""
    python: str = sys.executable

    @classmethod
    def at(cls, path: str) -> "Blender":
        if "python" in os.path.basename(path):
            ask = "import bpy; print('Blender', '.'.join(map(str, bpy.app.version)))"
            text = subprocess.run([path, "-W", "ignore", "-c", ask], capture_output=True, text=True, check=True).stdout
            return cls(path, "module", text.split("Blender ")[1].split()[0], path)
        text = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
        return cls(path, "executable", text.split("Blender ")[1].split()[0])

    def command(self) -> list[str]:
        if self.kind == "module":
            return [self.path, "-W", "ignore", "-c", BOOT]
        offline = ["--offline-mode"] if tuple(map(int, self.version.split(".")[:2])) >= (4, 2) else []
        return [self.path, "-b", "--factory-startup", "--disable-autoexec", "-noaudio", "-setaudio", "None", *offline, "--python-exit-code", "99",
                "--python-expr", BOOT]


class Peer:
    """One connection, with what has come over it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = bytearray()
        self.inbox: list[Message] = []
        self.closed = False

    def send(self, message: Message) -> None:
        text = json.dumps(message, separators=(",", ":")).encode()
        self.sock.sendall(len(text).to_bytes(4, "little") + text)

    def read(self) -> None:
        try:
            data = self.sock.recv(1 << 20)
        except ConnectionError:
            data = b""
        self.closed = not data
        self.buffer += data
        while len(self.buffer) >= 4 and len(self.buffer) >= 4 + int.from_bytes(self.buffer[:4], "little"):
            end = 4 + int.from_bytes(self.buffer[:4], "little")
            self.inbox.append(json.loads(self.buffer[4:end]))
            del self.buffer[:end]


@dataclass
class Keeper:
    host: "Host"
    process: subprocess.Popen[bytes]
    nonce: str
    peer: Peer | None = None
    hello: Message = field(default_factory=dict)
    verdict: Message = field(default_factory=dict)   # ready, or unfit
    seen: list[Message] = field(default_factory=list)

    def fork(self, memory_bytes: int = 0) -> "Worker":
        worker = Worker(self, secrets.token_hex(16), secrets.token_hex(8))
        self.host.workers[worker.nonce] = worker
        self.peer.send({"t": "fork", "attempt": worker.attempt, "nonce": worker.nonce, "memory_bytes": memory_bytes})
        return worker

    def say(self, kind: str, worker: "Worker", **more: Any) -> None:
        self.peer.send({"t": kind, "attempt": worker.attempt, **more})

    def news(self, kind: str, attempt: str) -> Message | None:
        return next((message for message in self.seen if message["t"] == kind and message.get("attempt") == attempt), None)


@dataclass
class Worker:
    keeper: Keeper
    attempt: str
    nonce: str
    peer: Peer | None = None
    hello: Message = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    idle_at: float = 0.0

    @property
    def folder(self) -> Path:
        return self.keeper.host.attempts / self.attempt

    @property
    def log(self) -> str:
        return (self.folder / "log").read_bytes().decode("utf-8", "replace")

    def wait(self, kind: str, patience: float = PATIENCE_S) -> "Worker":
        self.keeper.host.until(lambda: kind in self.seen or bool(self.exited), patience, f"{kind} of {self.attempt}")
        assert kind in self.seen, f"worker ended before {kind}: {self.exited}\n{self.log}"
        return self

    @property
    def exited(self) -> Message | None:
        return self.keeper.news("exited", self.attempt)

    def prepare(self, script: str, name: str = "/scripts/test.py", **fields: Any) -> None:
        self.peer.send({"t": "prepare", "job": secrets.token_hex(16), "number": 1, "script": {"text": script, "name": name}, "args": [],
                        "parameters_json": "{}", "scene": None, "env": {}, "cpus": 0, "memory_bytes": 0, "umask": 0o022, "nice": 0, **fields})

    def go(self) -> None:
        self.peer.send({"t": "go"})

    def start(self, script: str, **fields: Any) -> "Worker":
        self.wait("idle")
        self.prepare(script, **fields)
        self.go()
        return self

    def end(self, patience: float = PATIENCE_S) -> Message:
        """Waits for its exit record."""
        self.keeper.host.until(lambda: bool(self.exited), patience, f"the end of {self.attempt}")
        return self.exited["record"]

    def outcome(self, patience: float = PATIENCE_S) -> Message:
        self.end(patience)
        return read_record(self.folder / "outcome")

    def page(self) -> mmap.mmap:
        with open(self.folder / "page", "r+b") as file:
            return mmap.mmap(file.fileno(), 4096)

    def cancel(self, flag: int = 1) -> None:
        self.page()[2048:2056] = flag.to_bytes(8, "little")


class Host:
    def __init__(self, state: Path, env: dict[str, str] | None = None) -> None:
        self.state, self.env = state, env or {}
        self.attempts = state / "attempts"
        self.attempts.mkdir(parents=True, mode=0o700)
        self.path = state / "workers.sock"
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(self.path))
        self.listener.listen(128)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.keepers: dict[str, Keeper] = {}
        self.workers: dict[str, Worker] = {}

    def boot(self, blender: Blender, role: str = "zygote", env: dict[str, str] | None = None, **options: Any) -> Keeper:
        """Starts a keeper; does not wait."""
        nonce = secrets.token_hex(8)
        command = blender.command() if role == "zygote" else [blender.python, "-I", "-S", "-c", BOOT]
        line = {"socket": str(self.path), "nonce": nonce, "role": role, "wire": 1, "attempts": str(self.attempts),
                "blender": {"path": blender.path, "kind": blender.kind, "python": blender.python, "version": blender.version},
                "options": {"huge_pages": True, "memory_sample_ms": 20, **options}}
        with open(self.state / f"{nonce}.log", "wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, env={**os.environ, "OFFSTAGE_STATE_ID": "test", **self.env,
                                                                                                    **(env or {})})
        process.stdin.write(json.dumps(line).encode() + b"\n")
        process.stdin.close()
        self.keepers[nonce] = keeper = Keeper(self, process, nonce)
        return keeper

    def keeper(self, blender: Blender, role: str = "zygote", env: dict[str, str] | None = None, **options: Any) -> Keeper:
        """Starts a keeper and waits until it can fork."""
        keeper = self.boot(blender, role, env, **options)
        self.until(lambda: bool(keeper.verdict) or keeper.process.poll() is not None, PATIENCE_S, f"a {role}")
        assert keeper.verdict.get("t") == "ready", f"{keeper.verdict} {(self.state / (keeper.nonce + '.log')).read_text()}"
        return keeper

    def until(self, done: Callable[[], bool], patience: float, what: str) -> None:
        deadline = time.monotonic() + patience
        while not done():
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {patience} s for {what}")
            self.take(0.05)

    def take(self, patience: float) -> None:
        """One round of reading."""
        for key, _ in self.selector.select(patience):
            if key.fileobj is self.listener:
                sock, _ = self.listener.accept()
                self.selector.register(sock, selectors.EVENT_READ, [Peer(sock), None])
                continue
            peer, owner = key.data
            peer.read()
            for message in peer.inbox:
                owner = key.data[1] = self._hear(peer, owner, message)
            peer.inbox.clear()
            if peer.closed:
                self.selector.unregister(peer.sock)
                peer.sock.close()

    def _hear(self, peer: Peer, owner: Keeper | Worker | None, message: Message) -> Keeper | Worker:
        if owner is None:
            owner = self.workers.get(message["nonce"]) or self.keepers[message["nonce"]]
            owner.peer, owner.hello = peer, message
            peer.send({"t": "welcome"})
        elif isinstance(owner, Worker):
            owner.seen.append(message["t"])
            if message["t"] == "idle":
                owner.idle_at = time.perf_counter()
        elif message["t"] in ("ready", "unfit"):
            owner.verdict = message
        else:
            owner.seen.append(message)
        return owner

    def run(self, keeper: Keeper, script: str, **fields: Any) -> Message:
        """A job from birth to outcome."""
        return keeper.fork().start(script, **fields).outcome()

    def close(self) -> None:
        for keeper in self.keepers.values():
            if keeper.process.poll() is None:
                keeper.process.send_signal(signal.SIGKILL)
            keeper.process.wait()
        for worker in self.workers.values():
            if worker.hello and not worker.exited:
                try:
                    os.kill(worker.hello["pid"], signal.SIGKILL)
                except ProcessLookupError:
                    continue
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


def read_record(path: Path) -> Message:
    head, _, text = path.read_bytes().partition(b"\n")
    _, version, length, digest = head.decode().split(" ")
    assert version == "1" and int(length) == len(text) and digest == hashlib.sha256(text).hexdigest(), head
    return json.loads(text)


def value(outcome: Message) -> Any:
    """The result of an outcome that must have succeeded."""
    assert outcome["state"] == "succeeded", json.dumps(outcome, indent=1)
    return json.loads(outcome["value_json"])


@contextmanager
def hosting(state: Path, env: dict[str, str] | None = None) -> Iterator[Host]:
    host = Host(state, env)
    try:
        yield host
    finally:
        host.close()
