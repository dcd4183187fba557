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


def proven(jobs: Jobs) -> Jobs:
    wait_for(lambda: jobs.json("blenders")[0]["fork"] == "proven")
    return jobs


@pytest.fixture
def jobs(shared: Jobs) -> Jobs:
    return proven(shared)


@pytest.fixture
def own(make_daemon: Callable[..., Jobs], shared: Jobs) -> Jobs:
    """For those that kill it."""
    own = make_daemon(proof_cache=shared.daemon.proof_cache)
    own.daemon.start()
    return proven(own)


@pytest.fixture
def scene(tmp_path: Path, by_value: bool) -> Scene:
    return make(tmp_path / "proj", by_value, "image //wood.png")


def zygotes(jobs: Jobs, scene: Scene) -> list[int]:
    return [z["pid"] for z in jobs.json("status")["zygotes"] if z["scene"] == str(scene.path)]


def look(jobs: Jobs, scene: Scene, *more: str) -> dict:
    return jobs.json("run", jobs.script(LOOK), *scene.of_job, *more)["result"]


def state(jobs: Jobs) -> Path:
    [folder] = (jobs.daemon.folder / "state" / "offstage").iterdir()
    return folder


def keeper_folders(jobs: Jobs) -> list[str]:
    return sorted(path.name for path in (state(jobs) / "keepers").glob("*.tmp"))


def folder_of(zygote: int) -> Path:
    entries = Path(f"/proc/{zygote}/environ").read_bytes().split(b"\0")
    return Path(os.fsdecode(next(entry for entry in entries if entry.startswith(b"TMPDIR="))[len("TMPDIR="):]))


# ---- warm by itself, warm ahead ----

def test_from_the_second_job_on_a_scene_is_warm_by_itself(jobs: Jobs, scene: Scene) -> None:
    first, second, third = (look(jobs, scene) for _ in range(3))
    [zygote] = zygotes(jobs, scene)
    assert first["parent"] != zygote and second["parent"] == third["parent"] == zygote
    assert all(seen["source"] == str(scene.path) and seen["images"] == ["//wood.png"] for seen in (first, second, third))


def test_warmed_ahead_its_first_job_comes_of_that_zygote(jobs: Jobs, scene: Scene) -> None:
    assert jobs.json("warm", *scene.of_warm)["scene"] == str(scene.path)
    [zygote] = zygotes(jobs, scene)
    seen = look(jobs, scene)
    assert seen["parent"] == zygote and seen["file"].endswith(str(scene.path))


def test_a_worker_of_a_scene_by_value_finds_it_where_one_that_opens_it_itself_does(jobs: Jobs) -> None:
    scene = make(jobs.folder / "proj", True)
    (scene.path.parent / "maps").mkdir()
    jobs.ok("warm", *scene.of_warm)
    warm, cold = look(jobs, scene), look(jobs, scene, "--isolation", "process")
    for seen in (warm, cold):
        assert "/tmp/scene/" in seen["file"] and "/attempts/" in seen["file"] and seen["file"].endswith(str(scene.path))
    assert warm["beside"] == cold["beside"] == ["maps", "x.blend"]
    (scene.path.parent / "made since").touch()
    assert look(jobs, scene)["beside"] == ["made since", "maps", "x.blend"]


def test_what_a_job_writes_beside_a_scene_by_value_is_seen_by_no_other(jobs: Jobs) -> None:
    scene = make(jobs.folder / "proj", True)
    jobs.ok("warm", *scene.of_warm)
    [zygote] = zygotes(jobs, scene)
    jobs.ok("run", jobs.script(SPOIL), *scene.of_job)
    seen = look(jobs, scene)
    assert seen["parent"] == zygote and seen["beside"] == ["x.blend"] and not list(scene.path.parent.iterdir())


# ---- which scene ----

def test_scenes_of_the_same_name_in_two_folders_never_meet(jobs: Jobs, by_value: bool) -> None:
    """By value their bytes are the same, too."""
    both = [make(jobs.folder / name, by_value, "image //wood.png") for name in "ab"]
    for scene in both:
        jobs.ok("warm", *scene.of_warm)
    for turn in range(2):
        for scene in both:
            (scene.path.parent / f"{scene.path.parent.name}{turn}.txt").touch()
            seen = look(jobs, scene)
            assert [seen["parent"]] == zygotes(jobs, scene) and seen["file"].endswith(str(scene.path)) and seen["source"] == str(scene.path)
            assert [name for name in seen["beside"] if name.endswith(".txt")] == [f"{scene.path.parent.name}{n}.txt" for n in range(turn + 1)]
    assert zygotes(jobs, both[0]) != zygotes(jobs, both[1])


def test_a_scene_that_was_saved_again_and_one_that_is_trusted_are_others(jobs: Jobs, scene: Scene) -> None:
    jobs.ok("warm", *scene.of_warm)
    [zygote] = zygotes(jobs, scene)
    assert look(jobs, scene, "--trust-blend-scripts")["parent"] != zygote
    scene.content.write_text("BLENDER-v300 FAKE\nimage //steel.png")
    seen = look(jobs, scene)
    assert seen["parent"] != zygote and seen["images"] == ["//steel.png"]


@pytest.mark.parametrize("change", ["made", "changed", "removed"])
def test_what_was_loaded_with_a_scene_is_never_stale(jobs: Jobs, scene: Scene, change: str) -> None:
    wood = scene.path.parent / "wood.png"
    if change != "made":
        wood.write_text("1")
    jobs.ok("warm", *scene.of_warm)
    [stale] = zygotes(jobs, scene)
    if change == "removed":
        wood.unlink()
    else:
        wood.write_text("22")
    job = jobs.submit(LOOK, *scene.of_job)
    warnings = jobs.wait_end(job)["warnings"]
    assert [w["metadata"]["path"] for w in warnings] == ([str(wood)] if change == "removed" else [])
    [fresh] = wait_for(lambda: [pid for pid in zygotes(jobs, scene) if pid != stale])
    assert look(jobs, scene)["parent"] == fresh


# ---- letting go ----

def test_released_by_its_path_all_that_the_file_ever_held_go(jobs: Jobs, scene: Scene) -> None:
    other = make(jobs.folder / "other", scene.by_value)
    for warmed in (scene, other):
        jobs.ok("warm", *warmed.of_warm)
    scene.content.write_text("BLENDER-v300 FAKE\nimage //steel.png")
    jobs.ok("warm", *scene.of_warm)
    jobs.ok("warm", *scene.of_warm, "--trust-blend-scripts")
    assert len(zygotes(jobs, scene)) == 3
    jobs.ok("warm", "--release", *scene.of_warm, "--trust-blend-scripts")
    wait_for(lambda: len(zygotes(jobs, scene)) == 2)
    scene.content.unlink()
    jobs.ok("warm", "--release", *scene.of_warm)
    wait_for(lambda: not zygotes(jobs, scene))
    assert len(zygotes(jobs, other)) == 1


def test_a_zygote_takes_its_folder_with_it(jobs: Jobs) -> None:
    scene = make(jobs.folder / "proj", True)
    jobs.ok("warm", *scene.of_warm)
    [zygote] = zygotes(jobs, scene)
    folder = folder_of(zygote)
    assert (folder / "scene.blend").exists()
    jobs.ok("warm", "--release", *scene.of_warm)
    wait_for(lambda: not alive(zygote) and not folder.exists())


def test_a_blob_stays_as_long_as_a_zygote_may_need_it(jobs: Jobs) -> None:
    scene = make(jobs.folder / "proj", True, "image //of this test alone.png")
    jobs.ok("warm", *scene.of_warm, "--hold", "2h")
    [zygote] = zygotes(jobs, scene)
    kept = folder_of(zygote) / "scene.blend"
    assert os.stat(kept).st_nlink == 2
    os.utime(kept, (1, 1))               # long ago
    jobs.ok("gc")
    os.kill(zygote, signal.SIGKILL)
    [fresh] = wait_for(lambda: [pid for pid in zygotes(jobs, scene) if pid != zygote])
    wait_for(lambda: not kept.exists())
    os.utime(folder_of(fresh) / "scene.blend")
    assert look(jobs, scene)["source"] == str(scene.path)


def test_a_file_that_is_no_scene_is_refused_and_the_options_go_together(jobs: Jobs) -> None:
    blend = make(jobs.folder / "proj", False).path
    assert jobs.run("warm", blend, "--original-path", "/x.blend").returncode == 2
    assert jobs.run("warm", jobs.folder / "none.blend", "--by-value").returncode != 0
    absent = jobs.run("warm", jobs.folder / "none.blend")
    assert absent.returncode != 0 and "does not exist" in absent.stderr
    plain = jobs.folder / "plain.blend"
    plain.write_text("no scene")
    refused = jobs.run("warm", plain, "--by-value")
    assert refused.returncode != 0 and "is not a .blend" in refused.stderr


# ---- kills ----

def begun(jobs: Jobs, scene: Scene) -> tuple[str, Path, Path]:
    """A job on a warm scene that waits: its id, its gate, and the folder of its zygote."""
    gate = jobs.folder / "gate"
    folder = folder_of(zygotes(jobs, scene)[0])
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


def test_a_zygote_that_is_killed_leaves_its_busy_worker_the_scene(own: Jobs) -> None:
    scene = make(own.folder / "proj", True)
    own.ok("warm", *scene.of_warm)
    job, gate, folder = begun(own, scene)
    [zygote] = zygotes(own, scene)
    os.kill(zygote, signal.SIGKILL)
    wait_for(lambda: zygotes(own, scene) != [zygote])
    finished_with_its_scene(own, job, gate, folder)


@pytest.mark.parametrize("with_it", ["daemon alone", "zygote as well"])
def test_a_daemon_that_is_killed_leaves_a_busy_worker_the_scene(own: Jobs, with_it: str) -> None:
    scene = make(own.folder / "proj", True)
    own.ok("warm", *scene.of_warm)
    job, gate, folder = begun(own, scene)
    [zygote] = zygotes(own, scene)
    own.daemon.kill()
    if with_it == "zygote as well":
        os.kill(zygote, signal.SIGKILL)
    own.daemon.start()
    assert look(own, scene)["source"] == str(scene.path)
    finished_with_its_scene(own, job, gate, folder)


def test_a_daemon_that_is_killed_while_it_warms_leaves_nothing(own: Jobs, by_value: bool) -> None:
    gate = own.folder / "gate"
    scene = make(own.folder / "proj", by_value, f"waits for {gate}")
    caller = own.popen("warm", *scene.of_warm)
    [zygote] = wait_for(lambda: zygotes(own, scene))
    old, folders = own.daemon.processes(), set(keeper_folders(own))
    own.daemon.kill()
    assert caller.wait(60) != 0
    own.daemon.start()
    wait_for(lambda: not [pid for pid in old if pid != caller.pid and alive(pid)])
    wait_for(lambda: not folders & set(keeper_folders(own)))
    assert zygote in old and not list((state(own) / "trash").iterdir())
    gate.touch()
    assert look(own, scene)["source"] == str(scene.path)


def test_a_daemon_that_is_to_end_now_does_not_wait_for_a_scene(own: Jobs, by_value: bool) -> None:
    scene = make(own.folder / "proj", by_value, f"waits for {own.folder / 'nothing'}")
    caller = own.popen("warm", *scene.of_warm)
    wait_for(lambda: zygotes(own, scene))
    own.ok("daemon", "stop", "--now")
    assert caller.wait(60) != 0 and not own.daemon.processes() and not keeper_folders(own)


def test_nothing_is_left_when_the_daemon_stops(own: Jobs) -> None:
    scene = make(own.folder / "proj", True)
    own.ok("warm", *scene.of_warm)
    own.ok("daemon", "stop")
    assert not own.daemon.processes() and not keeper_folders(own) and not list((state(own) / "trash").iterdir())
