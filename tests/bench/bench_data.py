# SPDX-License-Identifier: Apache-2.0
"""Figures of data on its way in and out (`scripts/bench data`), each beside its baseline in the same minutes."""
from __future__ import annotations

import json
import shutil
import socket
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import bench_exchange
import bench_preflight
import bench_warm
from bench import Daemon, Row, Setup, daemon

LEAVE = """
import os, offstage
block = os.urandom(1 << 24)
with open(os.path.join(offstage.out_dir, "large"), "wb") as file:
    for i in range({blocks}):
        file.write(i.to_bytes(8, "little") + block[8:])
"""


def seconds(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def large_result(s: Setup, d: Daemon) -> tuple[str, Path]:
    """A job that has left one file of 1 GiB (--quick: 128 MiB): its id and the file."""
    script = s.folder / "leave.py"
    script.write_text(LEAVE.format(blocks=8 if s.quick else 64))
    job = json.loads(d.cli("run", str(script), "--json"))
    return job["id"], Path(job["out_dir"]) / "large"


def fetch_here(s: Setup) -> list[Row]:
    """Taken from the same machine, against cp of the very file: without reading it again, and with. In turns, each into a folder that is new."""
    with daemon(s, "fetch-here") as d:
        job, place = large_result(s, d)
        target = s.folder / "fetched"
        fetched, verified, copied = [], [], []
        for _ in range(5 if s.quick else 11):
            for times, action in ((copied, lambda: subprocess.run(["cp", str(place), str(target / "large")], check=True)),
                                  (fetched, lambda: d.cli("fetch", job, "-o", str(target))),
                                  (verified, lambda: d.cli("fetch", job, "--verify", "-o", str(target)))):
                target.mkdir()
                times.append(seconds(action))
                shutil.rmtree(target)
        size = place.stat().st_size >> 20
        ours, read, cp = (statistics.median(times) for times in (fetched, verified, copied))
        return [Row(f"result of {size} MiB fetched here", ours / cp, "× cp", f"{ours:.2f} s, cp {cp:.2f} s", "<= 1", ours <= cp),
                Row("… with --verify", read / cp, "× cp", f"{read:.2f} s")]


def fetch_afar(s: Setup) -> list[Row]:
    """Streamed over TLS on the loopback device, verified on both sides."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    tls = s.folder / "tls"
    subprocess.run([str(s.offstage.parent / "offstaged"), "--make-tls", str(tls)], check=True, capture_output=True)
    with daemon(s, "fetch-afar", f'listen = "127.0.0.1:{port}"\ntls_dir = "{tls}"\n') as d:
        job, place = large_result(s, d)
        target = s.folder / "streamed"
        there = ["--address", f"127.0.0.1:{port}", "--token-file", str(tls / "token"), "--tls-cert", str(tls / "certificate.pem")]
        times = []
        for _ in range(3):
            times.append(seconds(lambda: d.cli(*there, "fetch", job, "-o", str(target))))
            shutil.rmtree(target)
        rate = place.stat().st_size / statistics.median(times) / 1e6
        return [Row("result fetched from afar, loopback TLS", rate, "MB/s", "", ">= 300", rate >= 300)]


FIGURES: dict[str, Callable[[Setup], list[Row]]] = {
    **bench_warm.FIGURES, **bench_preflight.FIGURES, **bench_exchange.FIGURES, "fetch_here": fetch_here, "fetch_afar": fetch_afar}
