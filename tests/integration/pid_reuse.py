# SPDX-License-Identifier: Apache-2.0
"""Run by test_hygiene.py as the first process of a pid namespace: the whole path, while each pid that has become free is given out again at once."""
from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.escapes import Escapes
from support.harness import Daemon, wait_for
from support.jobs import Jobs

FAKE_BLENDER = Path(__file__).resolve().parents[1] / "support" / "fake_blender.py"
COUNTER = Path("/proc/sys/kernel/ns_last_pid")   # of this namespace; the next process gets the first free pid beyond it
JOBS = 100


def set_back() -> None:
    while True:
        COUNTER.write_text("1")
        time.sleep(0.002)


def main(folder: Path) -> None:
    with Daemon(folder / "daemon", f'blenders = ["{FAKE_BLENDER}"]\nsearch_blenders = false\nslots = 4\n') as daemon:
        jobs = Jobs(daemon, folder)
        (long, gate), escapes = jobs.gated(), Escapes(folder / "note")
        worker = jobs.worker(long)
        threading.Thread(target=set_back, daemon=True).start()
        quick = [jobs.submit(f"import offstage, subprocess\nsubprocess.run(['true'])\noffstage.result = {n}") for n in range(JOBS // 2)]
        leaving = jobs.submit(escapes.script())
        daemon.kill()
        daemon.start()
        quick += [jobs.submit(f"import offstage, os\nos.fork() or os._exit(0)\noffstage.result = {n}") for n in range(JOBS // 2, JOBS)]
        assert [jobs.wait_end(job)["result"] for job in quick] == list(range(JOBS))
        assert jobs.wait_end(leaving)["state"] == "SUCCEEDED"
        wait_for(lambda: not escapes.left())
        pids = [jobs.show(job)["attempts"][0]["pid"] for job in quick]
        assert len(set(pids)) < JOBS, "pids came again"
        assert jobs.state(long) == "RUNNING" and jobs.worker(long) == worker
        gate.touch()
        assert len(jobs.wait_state(long, "SUCCEEDED")["attempts"]) == 1
        jobs.ok("daemon", "stop", "--now")
        assert daemon.processes() == []


if __name__ == "__main__":
    main(Path(sys.argv[1]))
