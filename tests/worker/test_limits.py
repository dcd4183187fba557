# SPDX-License-Identifier: Apache-2.0
"""What the kernel holds a worker to: memory, processes, and a cgroup of its own where there is one."""

import errno
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from offstage_worker import cgroup, limits
from wire_host import Blender, Host, Keeper, value

GIB = 1 << 30
NOBODY = 54321                           # a user who has no process
CODE = str(Path(limits.__file__).parent)


def elsewhere(code: str) -> object:
    """The result of a piece of Python in a process of its own, for limits cannot be taken back."""
    start = f"import json, os, resource, sys; sys.path.insert(0, {CODE!r}); import boot; boot.load()\nfrom offstage_worker import limits\n"
    done = subprocess.run([sys.executable, "-c", start + code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_burst_beyond_the_limit_gets_no_memory(host: Host, keeper: Keeper) -> None:
    outcome = keeper.fork().start(f"data = bytearray({8 * GIB})", memory_bytes=GIB).outcome()
    assert (outcome["state"], outcome["reason"]) == ("failed", "OUT_OF_MEMORY")


def test_a_burst_of_a_script_s_child_gets_none_either(host: Host, keeper: Keeper) -> None:
    script = f"import subprocess, sys, offstage\nburst = [sys.executable, '-c', 'bytearray({8 * GIB})']\noffstage.result = subprocess.run(burst).returncode"
    assert value(keeper.fork().start(script, memory_bytes=GIB).outcome()) != 0


def test_memory_that_is_asked_for_but_within_reason_is_had(host: Host, keeper: Keeper) -> None:
    script = f"import mmap, offstage\nmaps = [mmap.mmap(-1, {GIB}, flags=mmap.MAP_PRIVATE) for _ in range(2)]\noffstage.result = len(maps)"
    assert value(keeper.fork().start(script, memory_bytes=GIB).outcome()) == 2


def test_without_a_limit_there_is_none(host: Host, keeper: Keeper) -> None:
    script = "import offstage, resource\noffstage.result = resource.getrlimit(resource.RLIMIT_DATA)"
    assert value(keeper.fork().start(script).outcome()) == list(resource.getrlimit(resource.RLIMIT_DATA))


def test_the_memory_of_a_script_s_children_counts(host: Host, keeper: Keeper) -> None:
    worker = keeper.fork().wait("idle")
    keeper.say("limits", worker, memory_bytes=64 << 20, deadline_s=None)
    eater = "import time; data = bytearray(b'x') * (300 << 20); time.sleep(60)"
    worker.start(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {eater!r}])")
    record = worker.end(30)
    assert record["killed_by"] == "memory" and record["strays_killed"] == 1


def test_a_limit_that_is_lower_already_stays() -> None:
    low = "resource.setrlimit(resource.RLIMIT_DATA, (1 << 28, 1 << 28))\n"
    assert elsewhere(low + "limits.hold_memory(1 << 30)\nprint(resource.getrlimit(resource.RLIMIT_DATA)[0])") == 1 << 28


def test_a_fork_bomb_of_a_user_ends_at_half_of_what_they_may_have() -> None:
    if os.geteuid() != 0:
        soft = elsewhere("limits.hold_processes()\nprint(resource.getrlimit(resource.RLIMIT_NPROC)[0])")
        assert soft <= int(Path("/proc/sys/kernel/threads-max").read_text()) // 2
        return
    bomb = f"""
resource.setrlimit(resource.RLIMIT_NPROC, (40, 40))
os.setuid({NOBODY})
limits.hold_processes()
made = []
try:
    while len(made) < 100:
        if (pid := os.fork()) == 0:
            os.read(gate, 1)
            os._exit(0)
        made.append(pid)
except BlockingIOError:
    pass
os.write(1, str(len(made)).encode())
for pid in made:
    os.kill(pid, 9)
    os.waitpid(pid, 0)
"""
    assert elsewhere("gate, keep = os.pipe()\n" + bomb) == 40 // 2 - 1


def test_root_is_not_limited_as_it_would_not_hold() -> None:
    before = resource.getrlimit(resource.RLIMIT_NPROC)
    after = elsewhere("limits.hold_processes()\nprint(json.dumps(resource.getrlimit(resource.RLIMIT_NPROC)))")
    assert os.geteuid() != 0 or after == list(before)


class Kernel:
    """A folder that behaves like a cgroup: files come with a group and go with it."""

    FILES = ("cgroup.procs", "cgroup.kill", "pids.max", "memory.max", "memory.swap.max", "memory.oom.group", "memory.events")

    def __init__(self, above: Path, monkeypatch: pytest.MonkeyPatch, lacks: tuple[str, ...] = ()) -> None:
        self.above, self._mkdir, self._rmdir = above, os.mkdir, os.rmdir
        self._files = [name for name in self.FILES if name not in lacks]
        monkeypatch.setattr(os, "mkdir", self.mkdir)
        monkeypatch.setattr(os, "rmdir", self.rmdir)

    def mkdir(self, path: str, *rest: int) -> None:
        self._mkdir(path, *rest)
        for name in self._files:
            (Path(path) / name).write_text("")

    def rmdir(self, path: str) -> None:
        if (Path(path) / "cgroup.procs").exists() and (Path(path) / "cgroup.procs").read_text() == "busy":
            raise OSError(errno.EBUSY, "busy")
        for file in Path(path).iterdir():
            file.unlink()
        self._rmdir(path)

    def said(self, name: str) -> str:
        return (self.above / "worker" / name).read_text()


def test_a_group_holds_processes_from_birth_and_memory_from_the_job_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(tmp_path, monkeypatch)
    group = cgroup.Group.make(str(tmp_path), "worker", 4711)
    assert group and (kernel.said("pids.max"), kernel.said("cgroup.procs"), kernel.said("memory.max")) == (str(cgroup.TASKS), "4711", "")
    assert group.limit_memory(GIB)
    assert (kernel.said("memory.max"), kernel.said("memory.swap.max"), kernel.said("memory.oom.group")) == (str(GIB), "0", "1")
    group.kill()
    assert kernel.said("cgroup.kill") == "1"
    group.remove()
    assert not list(tmp_path.iterdir())


def test_who_went_beyond_is_told_by_the_group_s_own_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Kernel(tmp_path, monkeypatch)
    group = cgroup.Group.make(str(tmp_path), "worker", 4711)
    assert group and not group.went_beyond()
    events = tmp_path / "worker" / "memory.events"
    events.write_text("low 0\nhigh 0\nmax 12\noom 1\noom_kill 0\noom_group_kill 0\n")
    assert not group.went_beyond()
    events.write_text("low 0\nhigh 0\nmax 12\noom 1\noom_kill 3\noom_group_kill 1\n")
    assert group.went_beyond()


@pytest.mark.parametrize("lacks", ["pids.max", "cgroup.procs"])
def test_a_group_that_cannot_hold_is_none_and_nothing_of_it_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacks: str) -> None:
    Kernel(tmp_path, monkeypatch, lacks=(lacks,))
    assert cgroup.Group.make(str(tmp_path), "worker", 4711) is None and not list(tmp_path.iterdir())


def test_where_memory_cannot_be_held_the_keeper_is_told_to_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Kernel(tmp_path, monkeypatch, lacks=("memory.max",))
    group = cgroup.Group.make(str(tmp_path), "worker", 4711)
    assert group and not group.limit_memory(GIB)


def test_a_keeper_whose_groups_cannot_be_made_goes_on_and_looks_at_memory_itself(host: Host, fake: Blender, tmp_path: Path) -> None:
    keeper = host.keeper(fake, cgroup=str(tmp_path / "nowhere"))
    worker = keeper.fork().wait("idle")
    keeper.say("limits", worker, memory_bytes=64 << 20, deadline_s=None)
    worker.start("import time\ndata = bytearray(b'x') * (300 << 20)\ntime.sleep(60)")
    assert worker.end(30)["killed_by"] == "memory"
