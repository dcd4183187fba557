# SPDX-License-Identifier: Apache-2.0
"""Kills daemon, keepers and workers again and again while somebody submits, and compares at the end.

    kills.py N [--blender PATH] [--seed S]

The submitter is a stranger to the daemon: a process of its own for each job (`offstage submit`), and a ledger of its own in which each request stands before it
is made and each acknowledgement once it has come, both fsynced. Each script writes into a file of its job, fsynced, when it begins and when it ends. In the
end ledger, jobs and these files must agree. Exit code 1: they do not.
"""
from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))
from support.harness import Daemon, wait_for  # noqa: E402

from chaos.comparison import Comparison  # noqa: E402
from chaos.killer import CALM_S, Killer, Waker  # noqa: E402
from chaos.ledger import Ledger, Submitter  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kills", type=int)
    parser.add_argument("--blender", default=str(TESTS / "support" / "fake_blender.py"), help="default: a fake one, which starts at once")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="offstage-kills-") as name:
        folder = Path(name)
        daemon = Daemon(folder / "daemon", f'blenders = ["{args.blender}"]\nsearch_blenders = false\nslots = 4\n')
        try:
            return chaos(daemon, folder, args.kills, args.seed)
        except BaseException:
            for log in folder.rglob("daemon.log"):
                print("the daemon's last words:", *log.read_text(errors="replace").splitlines()[-60:], sep="\n")
            raise
        finally:
            daemon.close()


def chaos(daemon: Daemon, folder: Path, kills: int, seed: int) -> int:
    daemon.start()
    ledger = Ledger(folder / "ledger")
    submitters = [Submitter(daemon, folder, ledger, seed + n) for n in range(2)]
    killer = Killer(daemon, random.Random(seed))
    Waker(daemon).start()
    for submitter in submitters:
        submitter.start()
    try:
        while sum(killer.killed.values()) < kills:
            killer.once()
    finally:
        for submitter in submitters:
            submitter.done.set()
        for submitter in submitters:
            submitter.join()
    wait_for(lambda: quiet(daemon), CALM_S)
    found = Comparison(daemon, folder, ledger, set().union(*(submitter.cancelled for submitter in submitters)))
    found.nothing_left()
    for what, count in sorted(killer.killed.items()):
        print(f"  {count:>5}  {what}")
    print(f"{'kills':<16}{sum(killer.killed.values()):>7}")
    for what, count in found.seen.items():
        print(f"{what:<16}{count:>7}")
    for line in found.wrong[:50]:
        print(line)
    return 1 if found.wrong else 0


def quiet(daemon: Daemon) -> bool:
    done = daemon.offstage("status", "--json", timeout=60)
    return done.returncode == 0 and not set(json.loads(done.stdout)["jobs"]) & {"queued", "running", "cancelling"}


if __name__ == "__main__":
    sys.exit(main())
