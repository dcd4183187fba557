# SPDX-License-Identifier: Apache-2.0
"""Warm scenes on real Blenders: opened once, served to every job on them, never stale, never in the way."""
from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from support.harness import wait_for

SCENE = """
import bpy, os
image = bpy.data.images.new("paint", 4, 4)
image.filepath_raw, image.file_format = TEXTURE, "PNG"
image.generated_color = (0.0, 1.0, 0.0, 1.0)
image.save()
texture = bpy.data.textures.new("t", "IMAGE")
texture.image = bpy.data.images.load(TEXTURE)
texture.use_fake_user = True
bpy.data.images.remove(image)
bpy.data.objects["Cube"].name = "Würfel"
bpy.ops.wm.save_as_mainfile(filepath=BLEND, relative_remap=True)
"""

LOOK = """
import bpy, offstage, os
image = next(i for i in bpy.data.images if i.filepath.endswith("paint.png"))
offstage.result = {"file": bpy.data.filepath, "objects": sorted(o.name for o in bpy.data.objects), "green": round(image.pixels[1], 2),
                   "pid": os.getpid(), "parent": os.getppid()}
"""


@pytest.fixture
def scene(shared, script, tmp_path: Path) -> Path:
    blend, texture = tmp_path / "shot 010.blend", tmp_path / "paint.png"
    done = shared.offstage("run", script(SCENE.replace("TEXTURE", repr(str(texture))).replace("BLEND", repr(str(blend)))))
    assert done.returncode == 0, done.stderr
    return blend


def warm_pids(daemon, blend: Path) -> list[int]:
    return [z["pid"] for z in daemon.json("status")["zygotes"] if z["scene"] == str(blend)]


def look(daemon, script, blend: Path, *more: str) -> dict:
    done = daemon.offstage("run", script(LOOK), "--blend", str(blend), *more, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_warm_returns_when_a_worker_waits_and_plain_runs_come_of_that_zygote(own, script, scene):
    told = own.json("warm", str(scene), timeout=120)
    (zygote,) = warm_pids(own, scene)
    seen = [look(own, script, scene) for _ in range(3)]
    assert told["scene"] == str(scene)
    assert all(one["parent"] == zygote and one["file"] == str(scene) and "Würfel" in one["objects"] for one in seen)
    assert len({one["pid"] for one in seen}) == 3


def test_a_scene_that_is_used_again_becomes_warm_by_itself(own, script, scene):
    first, second, third = (look(own, script, scene) for _ in range(3))
    (zygote,) = warm_pids(own, scene)
    assert first["parent"] != zygote
    assert second["parent"] == third["parent"] == zygote


def test_what_a_job_does_to_its_scene_is_seen_by_no_other(own, script, scene):
    own.json("warm", str(scene), timeout=120)
    spoil = "import bpy, offstage\nfor o in list(bpy.data.objects): bpy.data.objects.remove(o)\noffstage.result = len(bpy.data.objects)"
    assert own.offstage("run", script(spoil, "spoil.py"), "--blend", str(scene)).stdout == "0\n"
    assert "Würfel" in look(own, script, scene)["objects"]


def test_a_changed_texture_makes_a_fresh_zygote_and_the_very_next_job_sees_it(own, script, scene):
    own.json("warm", str(scene), timeout=120)
    (stale,) = warm_pids(own, scene)
    repaint = ("import bpy\ni = bpy.data.images.new('p', 4, 4)\ni.generated_color = (0, 0, 0, 1)\n"
               f"i.filepath_raw, i.file_format = {str(scene.parent / 'paint.png')!r}, 'PNG'\ni.save()")
    assert own.offstage("run", script(repaint, "repaint.py")).returncode == 0
    seen = look(own, script, scene)
    assert seen["green"] == 0.0 and "Würfel" in seen["objects"]
    fresh = wait_for(lambda: [pid for pid in warm_pids(own, scene) if pid != stale])
    assert look(own, script, scene)["parent"] == fresh[0]


def test_released_it_ends_and_its_busy_worker_goes_on(own, script, scene):
    own.json("warm", str(scene), timeout=120)
    slow = own.offstage("submit", script("import time, offstage\ntime.sleep(2)\noffstage.result = 7",
                                         "slow.py"), "--blend", str(scene)).stdout.strip()
    wait_for(lambda: own.json("show", slow)["state"] == "RUNNING")
    assert own.offstage("warm", "--release", str(scene)).returncode == 0
    assert own.offstage("wait", slow, timeout=60).returncode == 0
    assert own.offstage("result", slow).stdout == "7\n"
    wait_for(lambda: not warm_pids(own, scene))


def test_a_killed_zygote_is_replaced_and_no_job_is_lost(own, script, scene):
    own.json("warm", str(scene), timeout=120)
    (zygote,) = warm_pids(own, scene)
    os.kill(zygote, signal.SIGKILL)
    assert "Würfel" in look(own, script, scene)["objects"]


MAKE_PROJECT = """
import bpy, os
project, handed = {PROJECT}, {HANDED}
for folder in ("lib/deep", "maps"):
    os.makedirs(os.path.join(project, folder))
image = bpy.data.images.new("wood", 4, 4)
image.filepath_raw, image.file_format = os.path.join(project, "maps", "wood.png"), "PNG"
image.save()
def save(name): bpy.ops.wm.save_as_mainfile(filepath=os.path.join(project, name), relative_remap=True)
def link(name, kind, block):
    with bpy.data.libraries.load(os.path.join(project, name), link=True) as (_, wanted):
        setattr(wanted, kind, [block])
    return getattr(bpy.data, kind)[block]
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.data.meshes.new("deep").use_fake_user = True
save("lib/deep/deep.blend")
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.data.objects.new("part", link("lib/deep/deep.blend", "meshes", "deep")).use_fake_user = True
save("lib/parts.blend")
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.context.scene.collection.objects.link(link("lib/parts.blend", "objects", "part"))
bpy.data.images.load(os.path.join(project, "maps", "wood.png")).use_fake_user = True
save("shot.blend")
os.rename(os.path.join(project, "shot.blend"), handed)
"""

LOOK_ROUND = """
import bpy, offstage, os
def link(name, kind, block):
    with bpy.data.libraries.load(bpy.path.abspath(name), link=True) as (_, wanted):
        setattr(wanted, kind, [block])
libraries = sorted(os.path.realpath(bpy.path.abspath(l.filepath)) for l in bpy.data.libraries)
link("//lib/parts.blend", "objects", "part")
link("//lib/deep/deep.blend", "meshes", "deep")
for library in bpy.data.libraries:
    library.reload()
offstage.result = {"parent": os.getppid(), "own": os.path.dirname(offstage.out_dir) in bpy.data.filepath, "source": source_blend_file,
                   "pixels": len(bpy.data.images["wood.png"].pixels), "libraries": libraries, "after": len(bpy.data.libraries),
                   "objects": sorted(bpy.data.objects.keys()), "beside": sorted(os.listdir(bpy.path.abspath("//")))}
bpy.data.objects.new("mine", None).use_fake_user = True
bpy.ops.wm.save_mainfile()
"""


def test_a_warm_scene_by_value_is_each_job_s_own_and_finds_what_it_needs(own, script, tmp_path):
    project, handed = tmp_path / "project", tmp_path / "handed over.blend"
    made = own.offstage("run", script(MAKE_PROJECT.replace("{PROJECT}", repr(str(project))).replace("{HANDED}", repr(str(handed)))))
    assert made.returncode == 0, made.stderr
    own.json("warm", str(handed), "--by-value", "--original-path", str(project / "shot.blend"), timeout=120)
    (zygote,) = warm_pids(own, project / "shot.blend")
    of_job = ("--blend-by-value", str(handed), "--original-path", str(project / "shot.blend"))
    for isolation in ("auto", "auto", "process"):
        done = own.offstage("run", script(LOOK_ROUND), *of_job, "--isolation", isolation, timeout=120)
        assert done.returncode == 0, done.stderr
        seen = json.loads(done.stdout)
        assert (seen.pop("parent") == zygote) == (isolation == "auto")
        assert seen == {"own": True, "source": str(project / "shot.blend"), "pixels": 64, "after": 2, "objects": ["part"],
                        "libraries": [str(project / "lib" / "deep" / "deep.blend"), str(project / "lib" / "parts.blend")],
                        "beside": ["lib", "maps", "shot.blend"]}


def test_beyond_the_budget_jobs_open_the_scene_themselves(blender, script, scene, tmp_path, shared):
    from conftest import config, wait_proven
    from support.harness import Daemon
    with Daemon(tmp_path / "small", config(blender) + 'warm_bytes = "1MiB"\n', proof_cache=shared.proof_cache) as daemon:
        wait_proven(daemon)
        done = daemon.offstage("warm", str(scene), timeout=120)
        assert done.returncode != 0 and "warm_bytes" in done.stderr, done.stderr
        assert "Würfel" in look(daemon, script, scene)["objects"]
        wait_for(lambda: not warm_pids(daemon, scene))
