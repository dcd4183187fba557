#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The benchmarks: each figure beside its baseline in the same run.

A figure is one function that returns rows; a row is (name, value, unit, baseline, must, met). Nothing here decides whether the project passes: the table
says what was seen. Machines are noisy, so medians are quoted and ratios compare what ran in the same minutes.

    scripts/bench [FIGURE… | data] [--json FILE] [--blender PATH] [--quick]
"""
from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Row:
    figure: str
    value: float
    unit: str
    beside: str = ""
    must: str = ""
    met: bool | None = None


@dataclass
class Setup:
    offstage: Path
    client: Path
    blender: str
    folder: Path
    quick: bool
    fsync_ms: float = 0.0
    cold_s: float = 0.0

    def count(self, full: int) -> int:
        return max(10, full // 10) if self.quick else full


class Daemon:
    """A private daemon below one folder; `config` is TOML text."""

    def __init__(self, setup: Setup, name: str, config: str = "") -> None:
        self.setup = setup
        self.folder = setup.folder / name
        for part in ("state", "config/offstage"):
            (self.folder / part).mkdir(parents=True)
        self.run_dir = Path(tempfile.mkdtemp(prefix="ob-"))  # short: a socket's path has 107 bytes
        kind = f'blenders = ["{setup.blender}"]\nsearch_blenders = false\n'
        (self.folder / "config/offstage/offstage.toml").write_text(kind + config)
        self.env = dict(os.environ, XDG_STATE_HOME=str(self.folder / "state"), XDG_RUNTIME_DIR=str(self.run_dir), XDG_CONFIG_HOME=str(self.folder / "config"))
        self.env.pop("OFFSTAGE_SOCKET", None)
        self.cli("daemon", "start")

    def cli(self, *args: str, check: bool = True) -> str:
        done = subprocess.run([str(self.setup.offstage), *args], env=self.env, capture_output=True, text=True)
        if check and done.returncode:
            raise RuntimeError(f"offstage {' '.join(args)}: {done.returncode}\n{done.stderr}")
        return done.stdout

    def client(self, *args: str) -> dict:
        done = subprocess.run([str(self.setup.client), *args], env=self.env, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"bench_client {' '.join(args)}: {done.returncode}\n{done.stderr}")
        return json.loads(done.stdout)

    @property
    def pid(self) -> int:
        return json.loads(self.cli("status", "--json"))["pid"]

    def wait_for_fork(self) -> None:
        """Until this Blender is proven to fork and spares wait."""
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            rows = json.loads(self.cli("blenders", "--json"))
            if rows and rows[0]["fork"] == "proven":
                self.cli("run", str(self.setup.folder / "noop.py"))
                time.sleep(1.0)
                return
            if rows and rows[0]["fork"] == "refused":
                raise RuntimeError(f"fork refused: {rows[0]['reason']}")
            time.sleep(0.2)
        raise RuntimeError("no fork proof within 180 s")

    def stop(self) -> None:
        self.cli("daemon", "stop", "--now", check=False)
        shutil.rmtree(self.run_dir, ignore_errors=True)


@contextmanager
def daemon(setup: Setup, name: str, config: str = "", fork: bool = True) -> Iterator[Daemon]:
    one = Daemon(setup, name, config)
    try:
        if fork:
            one.wait_for_fork()
        yield one
    finally:
        one.stop()


def cold_command(setup: Setup, script: Path) -> list[str]:
    if "python" in Path(setup.blender).name:
        return [setup.blender, str(script)]
    return [setup.blender, "-b", "--factory-startup", "-noaudio", "-P", str(script)]


def median_of(times: int, action: Callable[[], object]) -> float:
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def measure_fsync(folder: Path) -> float:
    """p50 in ms of append 4 KiB + fdatasync, as a commit does."""
    block = os.urandom(4096)
    fd = os.open(folder / "fsync-probe", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def once() -> None:
        os.write(fd, block)
        os.fdatasync(fd)

    seconds = median_of(200, once)
    os.close(fd)
    os.unlink(folder / "fsync-probe")
    return seconds * 1e3


def private_kib_of_children(pid: int) -> list[int]:
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            lines = Path(f"/proc/{child}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
        found.append(sum(int(line.split()[1]) for line in lines if line.startswith("Private_")))
    return found


def rss_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


# ---- the figures -----------------------------------------------------------------------------------------------------------------------


def latency(s: Setup) -> list[Row]:
    with daemon(s, "latency") as d:
        warm = d.client("latency", str(s.count(300)), "20")
        p50 = warm["p50_ms"]
        rows = [
            Row("submit → first bpy line, durable, spare waiting, p50", p50, "ms", f"fsync {s.fsync_ms:.2f} ms", "≤ fsync + 1 ms", p50 <= s.fsync_ms + 1),
            Row("… against a cold Blender", s.cold_s * 1e3 / p50, "×", f"cold {s.cold_s * 1e3:.0f} ms", "≥ 300 ×", s.cold_s * 1e3 / p50 >= 300),
            Row("… p99", warm["p99_ms"], "ms", "", "≤ 15 ms", warm["p99_ms"] <= 15),
        ]
    with daemon(s, "demand", "max_spares = 0\n") as d:
        cold = d.client("latency", str(s.count(100)), "50")
        rows.append(Row("… with no spare (fork on demand), p50", cold["p50_ms"], "ms", "", "≤ 15 ms", cold["p50_ms"] <= 15))
    return rows


def throughput(s: Setup) -> list[Row]:
    jobs = s.count(2000)
    with daemon(s, "throughput") as d:
        ours = d.client("throughput", str(jobs))["jobs_per_s"]
    cpus = os.cpu_count() or 1
    many = max(2 * cpus, 8)
    begun = time.perf_counter()
    command = " ".join(f"'{part}'" for part in cold_command(s, s.folder / "noop_cold.py"))
    subprocess.run(f"seq {many} | xargs -P{cpus} -I@ {command} >/dev/null 2>&1", shell=True, check=False)
    theirs = many / (time.perf_counter() - begun)
    rows = [Row(f"pristine no-op jobs/s over {jobs} jobs", ours, "jobs/s", f"xargs -P{cpus}: {theirs:.1f} jobs/s", "", None),
            Row("… against xargs", ours / theirs, "×", "", "≥ 40 ×", ours / theirs >= 40)]
    if shutil.which("pueue"):
        rows.append(Row("… pueue on this machine", pueue_rate(s, cpus), "jobs/s"))
    return rows


def pueue_rate(s: Setup, cpus: int) -> float:
    subprocess.run(["pueued", "-d"], check=True)
    subprocess.run(["pueue", "parallel", str(cpus)], check=True, capture_output=True)
    begun = time.perf_counter()
    for _ in range(3 * cpus):
        subprocess.run(["pueue", "add", "--", *cold_command(s, s.folder / "noop_cold.py")], check=True, capture_output=True)
    subprocess.run(["pueue", "wait", "-q"], check=True)
    rate = 3 * cpus / (time.perf_counter() - begun)
    subprocess.run(["pueue", "shutdown"], check=False, capture_output=True)
    return rate


def whole_run(s: Setup) -> list[Row]:
    with daemon(s, "run") as d:
        ours = median_of(s.count(50), lambda: d.cli("run", str(s.folder / "noop.py")))
        alone = median_of(s.count(50), lambda: d.cli("--version"))
    return [Row("`offstage run` of a no-op, whole process", ours * 1e3, "ms", f"cold {s.cold_s * 1e3:.0f} ms", "", None),
            Row("… against a cold Blender", s.cold_s / ours, "×", "", "≥ 25 ×", s.cold_s / ours >= 25),
            Row("`offstage --version`, whole process", alone * 1e3, "ms", "", "≤ 20 ms", alone * 1e3 <= 20)]


def creates(s: Setup) -> list[Row]:
    with daemon(s, "creates", fork=False) as d:
        batch = d.client("creates", "batch", str(s.count(100_000)))["per_s"]
        one = d.client("creates", "one", str(s.count(500)))
        many = d.client("creates", "many", str(s.count(20_000)))["per_s"]
    return [Row("durable creates/s, batches of 1,000", batch, "/s", "", "≥ 20,000", batch >= 20_000),
            Row("durable create, one caller, p50", one["p50_ms"], "ms", f"fsync {s.fsync_ms:.2f} ms", "≤ fsync + 1 ms", one["p50_ms"] <= s.fsync_ms + 1),
            Row("durable creates/s, 64 callers", many, "/s", "", "≥ 5,000", many >= 5_000)]


def progress(s: Setup) -> list[Row]:
    script = s.folder / "progress.py"
    script.write_text("import offstage, time\nN = 200000\nt = time.perf_counter()\nfor i in range(N):\n    offstage.progress(i / N)\n"
                      "offstage.result = (time.perf_counter() - t) / N * 1e6\n")
    with daemon(s, "progress") as d:
        cost = float(d.cli("run", str(script)))
        log = d.client("log", str(s.count(40)))
        seen = d.client("progress", str(s.count(40)))
    return [Row("progress() in the script", cost, "µs", "", "≤ 5 µs", cost <= 5),
            Row("log line → following client, p50", log["p50_ms"], "ms", "", "≤ 40 ms", log["p50_ms"] <= 40),
            Row("progress → watching client, p50", seen["p50_ms"], "ms", "", "≤ 120 ms", seen["p50_ms"] <= 120)]


def cancel(s: Setup) -> list[Row]:
    with daemon(s, "cancel") as d:
        gone = d.client("cancel", str(s.count(10) // 2 or 3))
    return [Row("cancel of a busy worker → tree gone, after the grace, p50", gone["p50_ms"], "ms", "", "≤ 100 ms", gone["p50_ms"] <= 100)]


def gap(s: Setup) -> list[Row]:
    with daemon(s, "gap", "slots = 1\n") as d:
        one = d.client("gap", str(s.count(100)))
    return [Row("gap between two queued jobs on one slot, p50", one["p50_ms"], "ms", "", "≤ 5 ms", one["p50_ms"] <= 5)]


def idle(s: Setup) -> list[Row]:
    seconds = 5 if s.quick else 20
    with daemon(s, "idle") as d:
        time.sleep(5)
        pid, before = d.pid, 0
        before = cpu_ticks(pid)
        time.sleep(seconds)
        used = (cpu_ticks(pid) - before) / os.sysconf("SC_CLK_TCK") / seconds * 100
        rss = rss_mib(pid)
    return [Row("idle daemon: CPU", used, "%", "", "< 0.1 %", used < 0.1), Row("idle daemon: RSS", rss, "MiB", "", "≤ 35 MB", rss <= 35e6 / 2**20)]


def queue(s: Setup) -> list[Row]:
    rows = []
    for count, limit_mb, limit_s in ((100_000, 120, 1.0), (1_000_000, 600, 5.0)):
        if s.quick and count > 100_000:
            continue
        with daemon(s, f"queue-{count}", "slots = 1\n", fork=False) as d:
            d.client("queue", str(count))
            d.cli("daemon", "stop", "--now")
            begun = time.perf_counter()
            d.cli("daemon", "start")
            took = time.perf_counter() - begun
            rss = rss_mib(d.pid) * 2**20 / 1e6
        rows += [Row(f"{count:,} queued: RSS", rss, "MB", "", f"≤ {limit_mb} MB", rss <= limit_mb),
                 Row(f"{count:,} queued: restart to serving", took, "s", "", f"≤ {limit_s:g} s", took <= limit_s)]
    return rows


def spares(s: Setup) -> list[Row]:
    with daemon(s, "spares", "max_spares = 16\nslots = 4\n") as d:
        d.client("throughput", "400")
        deadline, sizes = time.monotonic() + 20, []
        while len(sizes) < 16 and time.monotonic() < deadline:
            time.sleep(0.1)
            zygote = next((z for z in json.loads(d.cli("status", "--json"))["zygotes"] if z["forks"]), None)
            if zygote and zygote["idle_workers"] >= 16:
                sizes = private_kib_of_children(zygote["pid"])
        total = sum(sizes[:16]) / 1024
    return [Row(f"{len(sizes[:16])} idle spares: sum of Private_*", total, "MiB", "", "≤ 60 MB", len(sizes) >= 16 and total <= 60)]


FIGURES: dict[str, Callable[[Setup], list[Row]]] = {
    f.__name__: f for f in (latency, throughput, whole_run, creates, progress, cancel, gap, idle, queue, spares)}


def table(rows: list[Row]) -> str:
    lines = [("figure", "seen", "beside", "must", "")]
    for r in rows:
        seen = f"{r.value:,.0f}" if abs(r.value) >= 1000 else f"{r.value:.3g}"
        lines.append((r.figure, f"{seen} {r.unit}", r.beside, r.must, {True: "met", False: "MISSED", None: ""}[r.met]))
    widths = [max(len(line[i]) for line in lines) for i in range(5)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def main() -> int:
    from bench_data import FIGURES as DATA  # which imports this module
    figures = FIGURES | DATA
    parser = argparse.ArgumentParser(description="Benchmarks of Offstage, each beside its baseline.")
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"of {', '.join(figures)}; data: {', '.join(DATA)} (default: all)")
    parser.add_argument("--json", type=Path, help="write the rows here, too")
    parser.add_argument("--blender", default=shutil.which("blender") or "blender")
    parser.add_argument("--build", type=lambda path: Path(path).resolve(), default=ROOT / "build/release")  # XDG folders count only if they are absolute
    parser.add_argument("--quick", action="store_true", help="a tenth of the repetitions")
    args = parser.parse_args()
    chosen = [one for name in args.figures for one in (DATA if name == "data" else [name])] or list(figures)
    unknown = [f for f in chosen if f not in figures]
    if unknown:
        parser.error(f"unknown figure {unknown[0]}; there are {', '.join(figures)}")

    parent = args.build / "bench"
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        setup = Setup(args.build / "bin/offstage", args.build / "bin/bench_client", args.blender, Path(folder), args.quick)
        (setup.folder / "noop.py").write_text("import bpy\n")
        (setup.folder / "noop_cold.py").write_text("import bpy\n")
        setup.fsync_ms = measure_fsync(setup.folder)
        setup.cold_s = median_of(5, lambda: subprocess.run(cold_command(setup, setup.folder / "noop_cold.py"), capture_output=True, check=False))
        rows = [Row("fsync of this disk, p50", setup.fsync_ms, "ms"), Row("cold Blender, whole process, p50", setup.cold_s * 1e3, "ms", args.blender)]
        failed = []
        for name in chosen:
            print(f"{name} …", file=sys.stderr, flush=True)
            try:
                rows += figures[name](setup)
            except (RuntimeError, subprocess.SubprocessError, OSError, KeyError, ValueError) as error:
                failed.append(f"{name}: {error}")
    print(table(rows))
    for line in failed:
        print(f"could not be measured: {line}")
    if args.json:
        args.json.write_text(json.dumps({"cpus": os.cpu_count(), "rows": [asdict(r) for r in rows], "failed": failed}, indent=1))
    return 1 if failed or any(r.met is False for r in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
