# SPDX-License-Identifier: GPL-3.0-or-later
"""What a keeper does for its workers, zygote or supervisor alike: starts them, reaps them, kills their strays, writes their exit records. No bpy here.

It stays until its last worker has ended, also when the daemon has gone: then it forks nothing any more, and holds its workers to their deadlines by itself.
One thread, one loop over the daemon's socket and a pidfd per worker; a zygote may have no second thread.
"""

import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import cgroup, logs, memory, oom, page, process, records, wire
from .faults import crash_point
from .folder import Folder

STRAY_POLL_S = 0.002
DEADLINE_POLL_S = 0.2
MEMORY_SAMPLE_MS = 100
LOG_LOOK_S = 0.1


@dataclass
class Kept:
    """A worker that lives, or whose strays do."""
    attempt: str
    pid: int
    pidfd: int
    start_ticks: int
    memory_bytes: int = 0
    sampled: bool = False                # nobody but us holds it to that
    group: cgroup.Group | None = None
    memory_base: int = 0                 # private bytes before the job; a cold Blender has much, a forked one little
    base_due: bool = False               # … it is launched for its job, and will tell
    deadline_s: float | None = None
    log_bytes: int = 0                   # so much of its log is kept; 0: all of it
    oom_kills: int = 0                   # of the kernel, when it was given its job
    killed_by: str = ""
    strays_killed: int = 0
    end: dict[str, Any] = field(default_factory=dict)


class Keeper:
    def __init__(self, boot: dict[str, Any], connection: wire.Connection, start: Callable[[str, str], int], private_base: bool) -> None:
        """`start(attempt, nonce)` gives the pid of a new worker. `private_base`: workers have private memory before their job that does not count."""
        self._attempts = boot["attempts"]
        self._versions = {"blender": boot["blender"]["version"], "python": sys.version.split()[0]}
        self._oom = oom.Kills()
        options = boot.get("options", {})
        self._cgroup = options.get("cgroup", "")   # of which each worker gets a part; "": none was delegated
        self._sample_s = options.get("memory_sample_ms", MEMORY_SAMPLE_MS) / 1000
        self._log_bytes = options.get("log_bytes", 0)
        self._logs_due_s = self._memory_due_s = 0.0   # by time.monotonic()
        self._start, self._private_base = start, private_base
        self._launches = bool(boot.get("load", {}).get("gpus"))   # workers become Blenders when they have a job
        self._socket: socket.socket | None = connection.sock
        self._socket.setblocking(False)
        self._early = connection.waiting()
        self._decoder, self._unsent = wire.Decoder(), b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._workers: dict[int, Kept] = {}
        self._dead: list[Kept] = []      # reaped, their strays not yet gone
        self._counted: set[int] = set()  # strays that were sent SIGKILL
        self._retired = False

    def serve(self) -> None:
        for message in self._early:
            self._obey(message)
        while self._workers or self._dead or not self._retired:
            for key, events in self._selector.select(self._patience()):
                if key.data is not None:
                    self._reap(key.data)
                elif self._socket:
                    self._talk(events)
            self._settle()
            self._watch_memory()
            self._watch_logs()
            self._watch_deadlines()
        self._flush()

    def abandon(self) -> None:
        """In a forked child: lets go of all that is the keeper's, or nobody sees ends of file."""
        if self._socket:
            self._socket.close()
        for worker in self._workers.values():
            os.close(worker.pidfd)
        self._selector.close()

    def _patience(self) -> float | None:
        waits = [STRAY_POLL_S] if self._dead else []
        if any(worker.sampled for worker in self._workers.values()):
            waits.append(self._sample_s)
        if any(worker.log_bytes for worker in self._workers.values()):
            waits.append(LOG_LOOK_S)
        if not self._socket and any(worker.deadline_s is not None for worker in self._workers.values()):
            waits.append(DEADLINE_POLL_S)
        return min(waits, default=None)

    # The daemon.

    def say(self, message: wire.Message) -> None:
        if self._socket:
            self._unsent += wire.encode(message)
            self._flush()

    def _flush(self) -> None:
        if not self._socket or not self._unsent:
            return
        try:
            self._unsent = self._unsent[self._socket.send(self._unsent):]
        except BlockingIOError:          # a daemon that is busy must not keep us from reaping; the rest goes when there is room
            pass
        except OSError:
            return self._alone()
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        self._selector.modify(self._socket, events)

    def _talk(self, events: int) -> None:
        assert self._socket
        if events & selectors.EVENT_WRITE:
            self._flush()
        if not events & selectors.EVENT_READ or not self._socket:
            return
        try:
            data = self._socket.recv(1 << 16)
            messages = self._decoder.feed(data)
        except BlockingIOError:
            return
        except (OSError, wire.Broken):
            return self._alone()
        if not data:
            return self._alone()
        for message in messages:
            self._obey(message)

    def _alone(self) -> None:
        """The daemon is gone. Busy workers go on, idle ones end by themselves."""
        if self._socket:
            self._selector.unregister(self._socket)
            self._socket.close()
        self._socket, self._retired = None, True

    def _obey(self, message: wire.Message) -> None:
        kind = message["t"]
        if kind == "fork" and not self._retired:
            self._fork(message)
        elif kind == "retire":
            self._retired = True
        elif kind in ("limits", "kill"):
            for worker in [worker for worker in self._workers.values() if worker.attempt == message.get("attempt")]:
                self._kill(worker, "kill") if kind == "kill" else self._limit(worker, message)

    def _fork(self, message: wire.Message) -> None:
        attempt = message["attempt"]
        try:
            pid = self._start(attempt, message["nonce"])
        except OSError as error:
            return self.say({"t": "fork_failed", "attempt": attempt, "reason": f"no new process: {error}"})
        worker = Kept(attempt, pid, os.pidfd_open(pid), process.start_ticks(pid), memory_bytes=message.get("memory_bytes", 0))
        crash_point("keeper.after_fork")
        worker.group = cgroup.Group.make(self._cgroup, attempt, pid) if self._cgroup else None
        self._workers[pid] = worker
        self._selector.register(worker.pidfd, selectors.EVENT_READ, worker)
        self.say({"t": "forked", "attempt": attempt, "pid": pid, "start_ticks": worker.start_ticks})

    # Limits.

    def _limit(self, worker: Kept, message: wire.Message) -> None:
        worker.memory_bytes, worker.deadline_s = message.get("memory_bytes", 0), message.get("deadline_s")
        worker.log_bytes = self._log_bytes
        worker.oom_kills = self._oom.count()
        phase, _ = page.peek(Folder.of(self._attempts, worker.attempt).page)
        worker.base_due = worker.memory_bytes > 0 and self._launches
        if worker.base_due:
            worker.sampled = True
            return
        if worker.memory_bytes and self._private_base and phase == page.IDLE:
            worker.memory_base = memory.private_bytes(worker.pid)
        self._hold_memory(worker)

    def _hold_memory(self, worker: Kept) -> None:
        worker.sampled = worker.memory_bytes > 0 and not (worker.group and worker.group.limit_memory(worker.memory_base + worker.memory_bytes))

    def _watch_memory(self) -> None:
        now_s = time.monotonic()
        if now_s < self._memory_due_s:   # a look costs a millisecond or more, and the loop wakes up for other things too
            return
        self._memory_due_s = now_s + self._sample_s
        for worker in self._workers.values():
            if worker.base_due:
                worker.memory_base = page.peek_base(Folder.of(self._attempts, worker.attempt).page)
                worker.base_due = worker.memory_base == 0
                if not worker.base_due:
                    self._hold_memory(worker)
            elif worker.sampled and sum(map(memory.private_bytes, process.tree(worker.pid))) - worker.memory_base > worker.memory_bytes:
                self._kill(worker, "memory")

    def _watch_logs(self) -> None:
        now_s = time.monotonic()
        if now_s < self._logs_due_s:     # the loop wakes up for each fork, hand-over and end, too
            return
        self._logs_due_s = now_s + LOG_LOOK_S
        for worker in self._workers.values():
            self._trim_log(worker)

    def _trim_log(self, worker: Kept) -> None:
        if worker.log_bytes == 0:
            return
        try:
            logs.trim(Folder.of(self._attempts, worker.attempt).log, worker.log_bytes)
        except OSError:
            worker.log_bytes = 0         # no holes here: the daemon has said so at its start (`offstage status`)

    def _watch_deadlines(self) -> None:
        if self._socket:
            return                       # the daemon does it, with grace
        for worker in self._workers.values():
            if worker.deadline_s is not None:
                phase, started_us = page.peek(Folder.of(self._attempts, worker.attempt).page)
                if phase == page.RUNNING and page.boottime_us() - started_us > worker.deadline_s * 1e6:
                    self._kill(worker, "deadline")

    def _kill(self, worker: Kept, why: str) -> None:
        worker.killed_by = worker.killed_by or why
        process.kill(worker.pidfd)

    # Ends.

    def _reap(self, worker: Kept) -> None:
        if self._socket:
            self._talk(selectors.EVENT_READ)   # "kill" is said before the signal is sent; who has not heard it would take that for somebody else's
        _, status, usage = os.wait4(worker.pid, 0)
        self._selector.unregister(worker.pidfd)
        os.close(worker.pidfd)
        del self._workers[worker.pid]
        signalled = os.WIFSIGNALED(status)
        killed = signalled and os.WTERMSIG(status) == signal.SIGKILL
        if killed and not worker.killed_by:
            beyond = worker.group is not None and worker.group.went_beyond()
            worker.killed_by = "memory" if beyond else "oom" if self._oom.count() > worker.oom_kills else ""
        worker.end = {"attempt": worker.attempt, "pid": worker.pid, "start_ticks": worker.start_ticks, "status": status,
                      "exit_code": 0 if signalled else os.WEXITSTATUS(status), "signal": os.WTERMSIG(status) if signalled else 0,
                      "core": os.WCOREDUMP(status), "killed_by": worker.killed_by if killed else "",
                      "user_s": usage.ru_utime, "system_s": usage.ru_stime, "max_rss_bytes": usage.ru_maxrss * 1024,
                      "memory_limit_bytes": worker.memory_bytes, "versions": self._versions, "ended_boottime_us": page.boottime_us()}
        self._dead.append(worker)

    def _settle(self) -> None:
        """Writes the records of dead workers once nothing of them runs: any child of ours that is no worker is a stray."""
        if not self._dead:
            return
        for worker in self._dead:
            if worker.group:
                worker.group.kill()
        strays = [pid for pid in process.children() if pid not in self._workers]
        for pid in strays:
            self._end_stray(pid)
        if strays:
            return                       # their own children come to us next: look again
        for worker in self._dead:
            if worker.group:
                worker.group.remove()
            self._trim_log(worker)
            record = {**worker.end, "strays_killed": worker.strays_killed}
            crash_point("keeper.before_exit_record")
            try:
                records.write(Folder.of(self._attempts, worker.attempt).path, records.EXIT, record)
            except OSError:
                pass                     # it died before it had a folder, or the disk is full: the daemon has the message
            crash_point("keeper.after_exit_record")
            self.say({"t": "exited", "attempt": worker.attempt, "record": record})
        self._dead.clear()

    def _end_stray(self, pid: int) -> None:
        ended, _ = os.waitpid(pid, os.WNOHANG)
        if ended == 0:
            pidfd = os.pidfd_open(pid)
            process.kill(pidfd)
            os.close(pidfd)
            if pid not in self._counted:
                self._counted.add(pid)
                self._dead[0].strays_killed += 1
        else:
            self._counted.discard(pid)
