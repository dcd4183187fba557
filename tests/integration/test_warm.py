# SPDX-License-Identifier: Apache-2.0
"""Warm scenes with the fake Blender: what goes by which path, who sees what others write, what is left when something is killed.

Where a scene comes from, by path or by value, is one parameter: users are not to notice the difference.
"""
from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.harness import alive, wait_for
from support.jobs import Jobs

LOOK = """
import bpy, offstage, os
offstage.result = {"file": bpy.data.filepath, "images": [image.filepath for image in bpy.data.images], "pid": os.getpid(), "parent": os.getppid(),
                   "beside": sorted(os.listdir(os.path.dirname(bpy.data.filepath))), "source": source_blend_file}
"""
# Leaves something beside the scene, and in its place.
SPOIL = """
import bpy, os
with open(os.path.join(os.path.dirname(bpy.data.filepath), "left by a job"), "w"):
    pass
os.rename(bpy.data.filepath, bpy.data.filepath + "1")
"""


@dataclass
class Scene:
    """As the command line names it."""
    by_value: bool
    path: Path                           # where it lies, or belongs
    content: Path

    @property
    def of_job(self) -> tuple[str, ...]:
        return ("--blend-by-value", str(self.content), "--original-path", str(self.path)) if self.by_value else ("--blend", str(self.path))

    @property
    def of_warm(self) -> tuple[str, ...]:
        return (str(self.content), "--by-value", "--original-path", str(self.path)) if self.by_value else (str(self.path),)


def make(folder: Path, by_value: bool, *lines: str, name: str = "x.blend") -> Scene:
    folder.mkdir(parents=True, exist_ok=True)
    path, handed = folder / name, folder.parent / "handed over" / f"{folder.name}-{name}"
    handed.parent.mkdir(exist_ok=True)
    content = handed if by_value else path
    content.write_text("\n".join(["BLENDER-v300 FAKE", *lines]))
    return Scene(by_value, path, content)


@pytest.fixture(params=["by path", "by value"])
def by_value(request: pytest.FixtureRequest) -> bool:
    return request.param == "by value"


@pytest.fixture
def scene(daemon: Jobs, by_value: bool) -> Scene:
    return make(daemon.folder / "proj", by_value, "image //wood.png")


def zygotes(jobs: Jobs, scene: Scene) -> list[int]:
    return [z["pid"] for z in jobs.json("status")["zygotes"] if z["scene"] == str(scene.path)]


def look(jobs: Jobs, scene: Scene, *more: str) -> dict:
    return jobs.json("run", jobs.script(LOOK), *scene.of_job, *more)["result"]


def state(jobs: Jobs) -> Path:
    return jobs.daemon.folder / "state" / "offstage"


def keeper_folders(jobs: Jobs) -> list[str]:
    return sorted(path.name for path in (state(jobs) / "keepers").glob("*.tmp"))


def scenes_kept(jobs: Jobs) -> list[Path]:
    return sorted((state(jobs) / "keepers").glob("*.tmp/scene.blend"))


# ---- warm by itself, warm ahead ----

def test_from_the_second_job_on_a_scene_is_warm_by_itself(daemon: Jobs, scene: Scene) -> None:
    first, second, third = (look(daemon, scene) for _ in range(3))
    [zygote] = zygotes(daemon, scene)
    assert first["parent"] != zygote and second["parent"] == third["parent"] == zygote
    assert all(seen["source"] == str(scene.path) and seen["images"] == ["//wood.png"] for seen in (first, second, third))


def test_warmed_ahead_its_first_job_comes_of_that_zygote(daemon: Jobs, scene: Scene) -> None:
    assert daemon.json("warm", *scene.of_warm)["scene"] == str(scene.path)
    [zygote] = zygotes(daemon, scene)
    seen = look(daemon, scene)
    assert seen["parent"] == zygote and seen["file"].endswith(str(scene.path))


def test_a_worker_of_a_scene_by_value_finds_it_where_one_that_opens_it_itself_does(daemon: Jobs) -> None:
    scene = make(daemon.folder / "proj", True)
    (scene.path.parent / "maps").mkdir()
    daemon.ok("warm", *scene.of_warm)
    warm, cold = look(daemon, scene), look(daemon, scene, "--isolation", "process")
    for seen in (warm, cold):
        assert "/tmp/scene/" in seen["file"] and "/attempts/" in seen["file"] and seen["file"].endswith(str(scene.path))
    assert warm["beside"] == cold["beside"] == ["maps", "x.blend"]
    (scene.path.parent / "made since").touch()
    assert look(daemon, scene)["beside"] == ["made since", "maps", "x.blend"]


def test_what_a_job_writes_beside_a_scene_by_value_is_seen_by_no_other(daemon: Jobs) -> None:
    scene = make(daemon.folder / "proj", True)
    daemon.ok("warm", *scene.of_warm)
    [zygote] = zygotes(daemon, scene)
    daemon.ok("run", daemon.script(SPOIL), *scene.of_job)
    seen = look(daemon, scene)
    assert seen["parent"] == zygote and seen["beside"] == ["x.blend"] and not list(scene.path.parent.iterdir())


# ---- which scene ----

def test_scenes_of_the_same_name_in_two_folders_never_meet(daemon: Jobs, by_value: bool) -> None:
    """By value their bytes are the same, too."""
    both = [make(daemon.folder / name, by_value, "image //wood.png") for name in "ab"]
    for scene in both:
        daemon.ok("warm", *scene.of_warm)
    for turn in range(2):
        for scene in both:
            (scene.path.parent / f"{scene.path.parent.name}{turn}.txt").touch()
            seen = look(daemon, scene)
            assert [seen["parent"]] == zygotes(daemon, scene) and seen["file"].endswith(str(scene.path)) and seen["source"] == str(scene.path)
            assert [name for name in seen["beside"] if name.endswith(".txt")] == [f"{scene.path.parent.name}{n}.txt" for n in range(turn + 1)]
    assert zygotes(daemon, both[0]) != zygotes(daemon, both[1])


def test_a_scene_that_was_saved_again_and_one_that_is_trusted_are_others(daemon: Jobs, scene: Scene) -> None:
    daemon.ok("warm", *scene.of_warm)
    [zygote] = zygotes(daemon, scene)
    assert look(daemon, scene, "--trust-blend-scripts")["parent"] != zygote
    scene.content.write_text("BLENDER-v300 FAKE\nimage //steel.png")
    seen = look(daemon, scene)
    assert seen["parent"] != zygote and seen["images"] == ["//steel.png"]


@pytest.mark.parametrize("change", ["made", "changed", "removed"])
def test_what_was_loaded_with_a_scene_is_never_stale(daemon: Jobs, scene: Scene, change: str) -> None:
    wood = scene.path.parent / "wood.png"
    if change != "made":
        wood.write_text("1")
    daemon.ok("warm", *scene.of_warm)
    [stale] = zygotes(daemon, scene)
    if change == "removed":
        wood.unlink()
    else:
        wood.write_text("22")
    job = daemon.submit(LOOK, *scene.of_job)
    warnings = daemon.wait_end(job)["warnings"]
    assert [w["metadata"]["path"] for w in warnings] == ([str(wood)] if change == "removed" else [])
    [fresh] = wait_for(lambda: [pid for pid in zygotes(daemon, scene) if pid != stale])
    assert look(daemon, scene)["parent"] == fresh


# ---- letting go ----

def test_released_by_its_path_all_that_the_file_ever_held_go(daemon: Jobs, scene: Scene) -> None:
    other = make(daemon.folder / "other", scene.by_value)
    for warmed in (scene, other):
        daemon.ok("warm", *warmed.of_warm)
    scene.content.write_text("BLENDER-v300 FAKE\nimage //steel.png")
    daemon.ok("warm", *scene.of_warm)
    daemon.ok("warm", *scene.of_warm, "--trust-blend-scripts")
    assert len(zygotes(daemon, scene)) == 3
    daemon.ok("warm", "--release", *scene.of_warm, "--trust-blend-scripts")
    wait_for(lambda: len(zygotes(daemon, scene)) == 2)
    scene.content.unlink()
    daemon.ok("warm", "--release", *scene.of_warm)
    wait_for(lambda: not zygotes(daemon, scene))
    assert len(zygotes(daemon, other)) == 1


def test_a_zygote_takes_its_folder_with_it(daemon: Jobs) -> None:
    scene = make(daemon.folder / "proj", True)
    before = keeper_folders(daemon)
    daemon.ok("warm", *scene.of_warm)
    assert len(scenes_kept(daemon)) == 1
    daemon.ok("warm", "--release", *scene.of_warm)
    wait_for(lambda: keeper_folders(daemon) == before)


def test_a_blob_stays_as_long_as_a_zygote_may_need_it(daemon: Jobs) -> None:
    scene = make(daemon.folder / "proj", True)
    daemon.ok("warm", *scene.of_warm, "--hold", "2h")
    [kept] = scenes_kept(daemon)
    assert os.stat(kept).st_nlink == 2
    os.utime(kept, (1, 1))
    daemon.ok("gc")
    [zygote] = zygotes(daemon, scene)
    os.kill(zygote, signal.SIGKILL)
    wait_for(lambda: zygotes(daemon, scene) not in ([], [zygote]))
    wait_for(lambda: len(scenes_kept(daemon)) == 1 and scenes_kept(daemon) != [kept])
    assert look(daemon, scene)["source"] == str(scene.path)


def test_a_blob_that_is_not_there_is_refused_and_the_options_go_together(daemon: Jobs) -> None:
    blend = make(daemon.folder / "proj", False).path
    assert daemon.run("warm", blend, "--original-path", "/x.blend").returncode == 2
    assert daemon.run("warm", daemon.folder / "none.blend", "--by-value").returncode != 0
    plain = daemon.folder / "plain.blend"
    plain.write_text("no scene")
    refused = daemon.run("warm", plain, "--by-value")
    assert refused.returncode != 0 and "is not a .blend" in refused.stderr


# ---- kills ----

def begun(jobs: Jobs, scene: Scene) -> tuple[str, Path, Path]:
    """A job on a warm scene that waits: its id, its gate, and the folder of its zygote."""
    gate = jobs.folder / "gate"
    folder = scenes_kept(jobs)[0].parent
    code = f"""
import bpy, offstage, os, time
print("begun", flush=True)
while not os.path.exists({str(gate)!r}):
    time.sleep(0.02)
offstage.result = [os.path.exists({str(folder / "scene.blend")!r}), open(bpy.data.filepath).readline().strip()]
"""
    job = jobs.submit(code, *scene.of_job)
    wait_for(lambda: "begun" in jobs.run("logs", job).stdout)
    return job, gate, folder


def finished_with_its_scene(jobs: Jobs, job: str, gate: Path, folder: Path) -> None:
    gate.touch()
    jobs.ok("wait", job)
    assert jobs.json("result", job) == [True, "BLENDER-v300 FAKE"]
    wait_for(lambda: not folder.exists())


def test_a_zygote_that_is_killed_leaves_its_busy_worker_the_scene(daemon: Jobs) -> None:
    scene = make(daemon.folder / "proj", True)
    daemon.ok("warm", *scene.of_warm)
    job, gate, folder = begun(daemon, scene)
    [zygote] = zygotes(daemon, scene)
    os.kill(zygote, signal.SIGKILL)
    wait_for(lambda: zygotes(daemon, scene) != [zygote])
    finished_with_its_scene(daemon, job, gate, folder)


@pytest.mark.parametrize("with_it", ["daemon alone", "zygote as well"])
def test_a_daemon_that_is_killed_leaves_a_busy_worker_the_scene(daemon: Jobs, with_it: str) -> None:
    scene = make(daemon.folder / "proj", True)
    daemon.ok("warm", *scene.of_warm)
    job, gate, folder = begun(daemon, scene)
    [zygote] = zygotes(daemon, scene)
    daemon.daemon.kill()
    if with_it == "zygote as well":
        os.kill(zygote, signal.SIGKILL)
    daemon.daemon.start()
    assert look(daemon, scene)["source"] == str(scene.path)
    finished_with_its_scene(daemon, job, gate, folder)


def test_a_daemon_that_is_killed_while_it_warms_leaves_nothing(daemon: Jobs, by_value: bool) -> None:
    gate = daemon.folder / "gate"
    scene = make(daemon.folder / "proj", by_value, f"waits for {gate}")
    caller = daemon.popen("warm", *scene.of_warm)
    [zygote] = wait_for(lambda: zygotes(daemon, scene))
    old, folders = daemon.daemon.processes(), set(keeper_folders(daemon))
    daemon.daemon.kill()
    assert caller.wait(60) != 0
    daemon.daemon.start()
    wait_for(lambda: not [pid for pid in old if pid != caller.pid and alive(pid)])
    wait_for(lambda: not folders & set(keeper_folders(daemon)))
    assert zygote in old and not list((state(daemon) / "blobs" / "partial").iterdir())
    gate.touch()
    assert look(daemon, scene)["source"] == str(scene.path)


def test_nothing_is_left_when_the_daemon_stops(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon()
    jobs.daemon.start()
    scene = make(jobs.folder / "proj", True)
    jobs.ok("warm", *scene.of_warm)
    jobs.ok("daemon", "stop")
    assert not jobs.daemon.processes() and not keeper_folders(jobs) and not list((state(jobs) / "trash").iterdir())
