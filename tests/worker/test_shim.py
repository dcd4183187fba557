# SPDX-License-Identifier: Apache-2.0
"""The keeper's duties: strays, limits, deadlines, life beyond the daemon."""

import os
import signal
import time

from wire_host import Blender, Host, Keeper, read_record, value

STRAY = """import os, signal, sys, time
read, write = os.pipe()
for _ in range({count}):
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.fork() == 0:
            os.write(write, f"{{os.getpid()}}\\n".encode())
            time.sleep(600)
        os._exit(0)
pids, found = "", 0
while pids.count("\\n") < {count}:
    pids += os.read(read, 4096).decode()
import offstage
offstage.result = pids.split()
"""


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_strays_that_hide_by_double_fork_and_setsid_are_gone_before_the_exit_is_told(host: Host, keeper: Keeper):
    worker = keeper.fork().start(STRAY.format(count=3))
    pids = [int(pid) for pid in value(worker.outcome())]
    assert len(pids) == 3 and not any(map(alive, pids)) and worker.end()["strays_killed"] == 3


def test_strays_of_one_worker_are_no_harm_to_another(host: Host, keeper: Keeper):
    neighbour = keeper.fork().start("import subprocess, offstage\noffstage.result = subprocess.run(['sleep', '1']).returncode").wait("started")
    keeper.fork().start(STRAY.format(count=1)).end()
    assert value(neighbour.outcome()) == 0 and neighbour.end()["strays_killed"] == 0


def test_a_kill_takes_the_whole_tree(host: Host, keeper: Keeper):
    worker = keeper.fork().start(STRAY.format(count=2) + "print(pids)\ntime.sleep(600)")
    host.until(lambda: worker.log.count("\n") >= 2, 30, "the strays")
    keeper.say("kill", worker)
    record = worker.end(30)
    assert (record["signal"], record["killed_by"], record["strays_killed"]) == (9, "kill", 2)
    assert not any(alive(int(pid)) for pid in worker.log.split())


def test_who_is_told_of_a_kill_and_sees_the_death_at_once_knows_whose_it_was(host: Host, keeper: Keeper):
    worker = keeper.fork().start("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)")
    host.until(lambda: "\n" in worker.log, 30, "its pid")
    os.kill(keeper.hello["pid"], signal.SIGSTOP)
    os.kill(int(worker.log), signal.SIGKILL)
    host.until(lambda: not alive(int(worker.log)), 30, "its death")   # first, so that it is the first that the keeper is woken for
    keeper.say("kill", worker)
    os.kill(keeper.hello["pid"], signal.SIGCONT)
    record = worker.end(30)
    assert (record["signal"], record["killed_by"]) == (9, "kill")


def test_too_much_private_memory_is_death_by_the_keeper_and_said_so(host: Host, keeper: Keeper):
    worker = keeper.fork().wait("idle")
    keeper.say("limits", worker, memory_bytes=64 << 20, deadline_s=None)
    worker.start("import time\ndata = bytearray(b'x') * (300 << 20)\ntime.sleep(60)")
    assert worker.end(30)["killed_by"] == "memory"


def test_a_log_without_end_keeps_head_and_tail_at_their_places(host: Host, fake: Blender):
    keeper = host.keeper(fake, log_bytes=1 << 20)
    worker = keeper.fork().wait("idle")
    keeper.say("limits", worker, memory_bytes=0, deadline_s=None)
    lines = 300_000
    worker.start(f"import time\nfor n in range({lines}): print(f'line {{n:09}}')\ntime.sleep(1)")
    worker.end(60)
    log = worker.folder / "log"
    assert log.stat().st_size == 15 * lines, "offsets are true"
    assert log.stat().st_blocks * 512 <= (1 << 20) * 9 // 8 + 8192
    with log.open("rb") as file:
        head = file.read(256 << 10)
        file.seek(-(768 << 10), os.SEEK_END)
        tail = file.read()
    assert head == b"".join(b"line %09d\n" % n for n in range(lines))[:len(head)]
    assert tail.endswith(b"line %09d\n" % (lines - 1)) and b"\0" not in tail


def test_a_log_that_is_not_too_long_stays_whole(host: Host, fake: Blender):
    keeper = host.keeper(fake, log_bytes=1 << 20)
    worker = keeper.fork().wait("idle")
    keeper.say("limits", worker, memory_bytes=0, deadline_s=None)
    worker.start("import time\nfor n in range(60_000): print(f'line {n:09}')\ntime.sleep(0.5)").end(60)
    assert worker.log == "".join(f"line {n:09}\n" for n in range(60_000))


def test_memory_within_the_limit_is_no_harm(host: Host, keeper: Keeper):
    worker = keeper.fork().wait("idle")
    keeper.say("limits", worker, memory_bytes=128 << 20, deadline_s=None)
    assert worker.start("import time\ndata = bytearray(b'x') * (16 << 20)\ntime.sleep(0.3)").outcome()["state"] == "succeeded"


def test_without_a_daemon_a_keeper_ends_its_spares_keeps_busy_workers_and_then_ends(host: Host, keeper: Keeper):
    spare, busy = keeper.fork().wait("idle"), keeper.fork()
    busy.start(STRAY.format(count=1) + "print(*pids.split(), flush=True)\ntime.sleep(0.5)")
    host.until(lambda: "\n" in busy.log, 30, "the stray")
    for peer in (keeper.peer, spare.peer, busy.peer):
        peer.sock.shutdown(2)
    assert keeper.process.wait(30) is not None
    assert read_record(spare.folder / "exit")["status"] == 0 and not (spare.folder / "outcome").exists()
    assert value(read_record(busy.folder / "outcome")) and read_record(busy.folder / "exit")["strays_killed"] == 1
    assert not alive(int(busy.log))


def test_without_a_daemon_a_keeper_holds_its_workers_to_their_deadlines(host: Host, keeper: Keeper):
    worker = keeper.fork().wait("idle")
    keeper.say("limits", worker, memory_bytes=0, deadline_s=0.5)
    worker.start("import time; time.sleep(600)").wait("started")
    time.sleep(0.7)
    assert alive(worker.hello["pid"]), "while there is a daemon, the deadline is its"
    keeper.peer.sock.shutdown(2)
    keeper.process.wait(30)
    assert read_record(worker.folder / "exit")["killed_by"] == "deadline"


def test_a_retired_keeper_forks_no_more_and_ends_with_its_last_worker(host: Host, keeper: Keeper):
    worker = keeper.fork().start("import time; time.sleep(0.3)").wait("started")
    keeper.peer.send({"t": "retire"})
    late = keeper.fork()
    assert worker.outcome()["state"] == "succeeded"
    assert keeper.process.wait(30) is not None and not late.folder.exists()


def test_a_spare_that_is_killed_has_a_page_that_proves_that_nothing_ran(host: Host, keeper: Keeper):
    worker = keeper.fork().wait("idle")
    keeper.say("kill", worker)
    assert worker.end()["killed_by"] == "kill" and worker.page()[32] == 0


def test_an_attempt_is_used_once(host: Host, keeper: Keeper):
    worker = keeper.fork()
    assert worker.start("pass").outcome()["state"] == "succeeded"
    keeper.peer.send({"t": "fork", "attempt": worker.attempt, "nonce": worker.nonce})
    before = (worker.folder / "outcome").read_bytes()
    host.until(lambda: len([m for m in keeper.seen if m["t"] in ("exited", "fork_failed")]) == 2, 30, "the refusal")
    assert (worker.folder / "outcome").read_bytes() == before


def test_exit_records_count_what_the_worker_used(host: Host, keeper: Keeper):
    record = keeper.fork().start("import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass").end()
    assert record["user_s"] + record["system_s"] >= 0.15 and record["max_rss_bytes"] > 1 << 20 and record["start_ticks"] > 0


def test_no_descriptor_of_the_keeper_reaches_a_script(host: Host, keeper: Keeper):
    busy = [keeper.fork().wait("idle") for _ in range(3)]
    script = """import os, offstage
paths = ['/proc/self/fd/' + fd for fd in os.listdir('/proc/self/fd')]
offstage.result = sorted(os.readlink(path) for path in paths if os.path.lexists(path))
"""
    links = value(busy[-1].start(script).outcome())
    assert [link for link in links if "pidfd" in link or "eventpoll" in link] == [] and len([link for link in links if link.startswith("socket")]) == 1


def test_an_unfit_zygote_says_why_and_ends(host: Host, fake: Blender):
    keeper = host.boot(fake, env={"FAKE_BLENDER": "unfit"})
    host.until(lambda: bool(keeper.verdict), 30, "a verdict")
    assert keeper.verdict == {"t": "unfit", "reason": "not quiet before a fork: tbb", "checks": {"tbb": False}}
    assert keeper.process.wait(30) is not None


def test_a_fork_that_fails_is_told(host: Host, fake: Blender):
    keeper = host.keeper(fake, env={"FAKE_BLENDER": "fork_fails"})
    worker = keeper.fork()
    host.until(lambda: keeper.news("fork_failed", worker.attempt) is not None, 30, "the refusal")
    assert "temporarily unavailable" in keeper.news("fork_failed", worker.attempt)["reason"]


def test_a_cold_blender_that_cannot_be_started_is_told(host: Host, fake: Blender):
    keeper = host.keeper(Blender("/nowhere/blender", "executable", "4.9.0"), "supervisor")
    worker = keeper.fork()
    host.until(lambda: keeper.news("fork_failed", worker.attempt) is not None, 30, "the refusal")
    assert "No such file" in keeper.news("fork_failed", worker.attempt)["reason"]


def test_a_cold_blender_that_dies_at_its_start_leaves_its_words_in_the_log(host: Host, fake: Blender):
    keeper = host.keeper(fake, "supervisor", env={"FAKE_BLENDER": "crash_at_start"})
    worker = keeper.fork()
    assert worker.end(30)["signal"] == 11 and "Blender 4.9.0" in worker.log


def test_workers_that_misbehave_have_exit_records_like_others(host: Host, fake: Blender):
    for fault in ("die_in_frame", "die_in_prepare"):
        keeper = host.keeper(fake, env={"FAKE_BLENDER": fault})
        worker = keeper.fork()
        if fault == "die_in_prepare":
            worker.wait("idle")
            worker.prepare("pass")
        assert worker.end(30)["signal"] == 9 and worker.page()[32] <= 1
