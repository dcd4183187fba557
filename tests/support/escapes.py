# SPDX-License-Identifier: Apache-2.0
"""A script that tries every way known to us to leave a process behind, and the means to say whether one is left.

Each process that it makes writes its pid and its start time into a file before it settles: together they name it, however often pids are used again.
"""
from __future__ import annotations

from pathlib import Path

from .harness import wait_for

_TOOLS = '''
import ctypes, os, signal, subprocess, sys, threading, time
NOTE = {note!r}
PTRACE_TRACEME = 0

def note():
    ticks = open("/proc/self/stat").read().rpartition(")")[2].split()[19]
    with open(NOTE, "ab", 0) as file:
        file.write(f"{{os.getpid()}} {{ticks}}\\n".encode())

def stay():
    note()
    while True:
        time.sleep(60)

def child(what):
    if os.fork() == 0:
        try:
            what()
        finally:
            os._exit(0)

def noted(count):
    while not os.path.exists(NOTE) or open(NOTE).read().count("\\n") < count:
        time.sleep(0.01)
'''

_WAYS = '''
def deaf():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)

def daemonize():
    os.setsid()
    deaf()
    os.chdir("/")
    os.closerange(0, 100)
    child(stay)

def stopped():
    note()
    os.kill(os.getpid(), signal.SIGSTOP)

def traced():
    """Stopped for a tracer that is its parent, and ignores it."""
    def traced_one():
        note()
        ctypes.CDLL(None).ptrace(PTRACE_TRACEME, 0, None, None)
        os.kill(os.getpid(), signal.SIGSTOP)
    child(traced_one)
    stay()

SHELL = f"echo $$ $(cut -d' ' -f22 /proc/$$/stat) >> {NOTE}; trap '' TERM HUP; while :; do sleep 60; done"
WAYS = [
    lambda: child(stay),
    lambda: child(lambda: (os.setsid(), stay())),
    lambda: child(daemonize),
    lambda: child(lambda: (deaf(), stay())),
    lambda: child(stopped),
    lambda: child(traced),
    lambda: subprocess.Popen(["nohup", "sh", "-c", SHELL], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL),
    lambda: subprocess.Popen(["env", "-i", "PATH=/usr/bin:/bin", "setsid", "sh", "-c", SHELL]),
    lambda: threading.Thread(target=lambda: child(stay)).start(),
]
for way in WAYS:
    way()
noted(len(WAYS) + 1)
'''
WAYS = 10                                # one of them makes two

_BOMB = '''
def twice():
    child(stay)
    stay()
for _ in range({count}):
    child(twice)
noted(2 * {count})
'''


class Escapes:
    def __init__(self, note: Path) -> None:
        self._note = note

    def script(self, then: str = "") -> str:
        """All ways at once; `then` runs when they have been gone."""
        return _TOOLS.format(note=str(self._note)) + _WAYS + then

    def bomb(self, count: int, then: str = "") -> str:
        """`count` children that each make one more."""
        return _TOOLS.format(note=str(self._note)) + _BOMB.format(count=count) + then

    def await_all(self, count: int = WAYS) -> list[tuple[int, int]]:
        wait_for(lambda: self._note.exists() and self._note.read_text().count("\n") >= count)
        return self.all()

    def all(self) -> list[tuple[int, int]]:
        return [(int(pid), int(ticks)) for pid, ticks in (line.split() for line in self._note.read_text().splitlines())]

    def left(self) -> list[int]:
        """Those that live, stopped ones counted."""
        return [pid for pid, ticks in self.all() if lives(pid, ticks)]


def lives(pid: int, ticks: int) -> bool:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] not in "ZX" and int(fields[19]) == ticks
