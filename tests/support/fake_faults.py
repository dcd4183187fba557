# SPDX-License-Identifier: Apache-2.0
"""What the fake Blender does wrong, when asked to. Words of FAKE_BLENDER:

crash_at_start   SIGSEGV before it speaks          hang_at_start    never speaks
lie_in_hello     a worker says another pid         lie_in_nonce     a worker says a nonce that nobody gave
die_in_frame     a worker sends half a frame, dies huge_frame       a worker announces a frame of 2 GiB
never_idle       a worker is welcomed, then hangs  garbage          a worker sends a frame that is no JSON
die_in_prepare   a worker dies at PREPARE          unfit            a zygote finds itself unfit
refuse_proof     a forked worker renders other pixels than a cold one
slow_proof       a forked worker uses one core only
fork_fails       the zygote has no process to give  cold_only        (with any of a worker's words) only cold workers misbehave
forget_strays    a zygote takes no child for a stray
oom_count=FILE   where the kernel's count of kills for want of memory is read

Without any, the proof's script gives the same pixels and cores, forked or cold, at once.
"""

import os
import signal
import time
from typing import Any

SLEEP_S = 3600


def at_start(words: dict[str, str]) -> None:
    if "crash_at_start" in words:
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGSEGV)
    if "hang_at_start" in words:
        time.sleep(SLEEP_S)


def install(boot: Any) -> None:
    """Patches the worker's code as it was loaded."""
    import fake_blender
    words = fake_blender.words()
    boot.load()
    from offstage_worker import oom, process, script, wire, worker, zygote
    real_init, real_script = worker.Worker.__init__, script.Script.__init__
    state = {"cold": False}

    def init(self: Any, boot_line: dict[str, Any], cold: bool) -> None:
        state["cold"] = cold
        real_init(self, boot_line, cold)
        if cold or "cold_only" not in words:
            _bend_worker(words, wire)

    def probe(self: Any, text: str, name: str) -> None:
        if os.path.basename(name) == "probe.py":
            text = _probe(words, state["cold"])
        real_script(self, text, name)

    worker.Worker.__init__, script.Script.__init__ = init, probe
    if "oom_count" in words:
        oom._places = lambda _: [words["oom_count"]]
    if "forget_strays" in words:
        process.children = list
    if "unfit" in words:
        zygote.make_fit = lambda *_: ({"tbb": False}, "not quiet before a fork: tbb")
    if "fork_fails" in words:
        def no_fork(*_: Any) -> int:
            raise OSError(11, "Resource temporarily unavailable")
        zygote.fork = no_fork


def _bend_worker(words: dict[str, str], wire: Any) -> None:
    real_send = wire.Connection.send

    def send(self: Any, message: dict[str, Any]) -> None:
        if message["t"] == "hello":
            if "lie_in_hello" in words:
                message = {**message, "pid": 1}
            if "lie_in_nonce" in words:
                message = {**message, "nonce": "00" * 8}
        if message["t"] == "idle":
            _instead_of_idle(self, words, wire)
        real_send(self, message)

    def expect(self: Any, kind: str) -> Any:
        message = real_expect(self, kind)
        if kind == "prepare" and message and "die_in_prepare" in words:
            os.kill(os.getpid(), signal.SIGKILL)
        return message

    real_expect = wire.Connection.expect
    wire.Connection.send, wire.Connection.expect = send, expect


def _instead_of_idle(connection: Any, words: dict[str, str], wire: Any) -> None:
    if "never_idle" in words:
        time.sleep(SLEEP_S)
    if "die_in_frame" in words:
        connection.sock.sendall(wire.encode({"t": "idle"})[:7])
        os.kill(os.getpid(), signal.SIGKILL)
    if "huge_frame" in words:
        connection.sock.sendall(wire.LENGTH.pack(1 << 31))
        time.sleep(SLEEP_S)
    if "garbage" in words:
        connection.sock.sendall(wire.LENGTH.pack(4) + b"\xff{]!")
        time.sleep(SLEEP_S)


def _probe(words: dict[str, str], cold: bool) -> str:
    """Instead of the proof's script: its result, without a render."""
    cpus = os.cpu_count() or 1
    pixels = "0" * 64 if cold or "refuse_proof" not in words else "f" * 64
    cores = float(cpus) if cold or "slow_proof" not in words else 1.0
    return f"import offstage\noffstage.result = {dict(pixels=pixels, cores=cores, cpus=cpus, png=True, exr=True, version='4.9.0')!r}\n"
