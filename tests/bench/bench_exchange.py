# SPDX-License-Identifier: Apache-2.0
"""Figures of values and data-blocks that go into a job and come back, each against how else it would be done.

The other end of each is a script in tests/bench/exchange, which runs in a Blender of its own as a user's would, and prints its times as JSON in the last line.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench import Daemon, Row, Setup, cold_command, daemon

HERE = Path(__file__).resolve().parent / "exchange"


def times_of(d: Daemon, command: list[str], **variables: str) -> dict[str, float]:
    """Runs a script with `offstage` on its PATH."""
    env = {**d.env, "PATH": f"{d.setup.offstage.parent}:{os.environ['PATH']}", "BENCH_FOLDER": str(d.folder), **variables}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    line = next((line for line in reversed(done.stdout.splitlines()) if line.startswith("{")), None)
    if line is None:
        raise RuntimeError(f"{' '.join(command)}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return json.loads(line)


def mesh_there_and_back(s: Setup) -> list[Row]:
    """A mesh of 200,000 vertices, host → job → host; beside it background-processing's way: save, cold Blender, append, save, append."""
    cold = json.dumps(cold_command(s, HERE / "mesh_cold.py"))
    rows = []
    with daemon(s, "mesh") as d:
        for what, faces in (("3 MB, no faces", ""), ("17 MB, with faces", "1")):
            seen = times_of(d, cold_command(s, HERE / "mesh.py"), BENCH_COLD=cold, BENCH_TIMES=str(5 if s.quick else 15), BENCH_FACES=faces)
            ratio = seen["cold_s"] / seen["ours_s"]
            rows.append(Row(f"mesh of 200k vertices ({what}), host → job → host", ratio, "× faster",
                            f"{seen['ours_s'] * 1e3:.0f} ms, by cold Blenders {seen['cold_s'] * 1e3:.0f} ms", "≥ 20 ×", ratio >= 20))
    return rows


def array_there_and_back(s: Setup) -> list[Row]:
    """An array of 400 MB (--quick: 40) to a job and back, each value looked at on both sides; beside it the same array written to a file, synced and read."""
    with daemon(s, "array") as d:
        seen = times_of(d, [sys.executable, str(HERE / "array.py")], BENCH_BYTES=str(40_000_000 if s.quick else 400_000_000))
    ratio = seen["ours_s"] / seen["file_s"]
    return [Row(f"numpy array of {seen['bytes'] / 1e6:.0f} MB, there and back", ratio, "× a file", f"{seen['ours_s']:.2f} s, a file {seen['file_s']:.2f} s",
                "≤ 2 ×", ratio <= 2)]


FIGURES: dict[str, Callable[[Setup], list[Row]]] = {"mesh_there_and_back": mesh_there_and_back, "array_there_and_back": array_there_and_back}
