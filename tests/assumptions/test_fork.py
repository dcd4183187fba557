# SPDX-License-Identifier: Apache-2.0
"""A forked child is a whole Blender."""

import json
from pathlib import Path

import pytest
from wire_host import value

PROBE = (Path(__file__).resolve().parents[2] / "daemon" / "worker" / "probe.py").read_text()
RENDER = """import bpy
scene = bpy.context.scene
scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = 'CYCLES', 2, False
scene.render.resolution_x = scene.render.resolution_y = 64
"""


def test_all_pools_are_quiet_and_a_child_answers(zygote):
    assert zygote.verdict["t"] == "ready" and all(zygote.verdict["checks"].values()), zygote.verdict


def test_a_forked_render_equals_a_cold_one_and_uses_as_many_cores(host, zygote, supervisor):
    for _ in range(5):                   # only the cores are asked again, as pool/proof does: a busy machine takes them from either side
        cold, forked = (value(host.run(keeper, PROBE, name="/x/probe.py")) for keeper in (supervisor, zygote))
        assert forked["pixels"] == cold["pixels"], "pixel by pixel"
        assert all(probe["png"] and probe["exr"] for probe in (cold, forked))
        if cold["cpus"] == 1 or forked["cores"] >= 0.6 * cold["cores"]:
            return
    pytest.fail(f"{forked['cores']} of {cold['cores']} cores")


def test_two_children_render_at_once(host, zygote):
    workers = [zygote.fork().start(RENDER + "bpy.ops.render.render()\nimport offstage; offstage.result = 1") for _ in range(2)]
    assert [value(worker.outcome()) for worker in workers] == [1, 1]


def test_children_write_images_again_and_again_without_a_hang(host, zygote):
    """OpenImageIO's pool hangs sporadically where it was forgotten: twenty times it does not."""
    script = """import bpy, os, offstage
image = bpy.data.images.new('i', 256, 256)
image.filepath_raw, image.file_format = os.path.join(bpy.app.tempdir, 'i.png'), 'PNG'
for _ in range(5): image.save()
bpy.ops.wm.save_as_mainfile(filepath=os.path.join(bpy.app.tempdir, 's.blend'))
offstage.result = True
"""
    workers = [zygote.fork().start(script) for _ in range(20)]
    assert all(value(worker.outcome()) for worker in workers)


def test_a_cap_on_threads_holds(host, keeper):
    script = RENDER + """import time, offstage
bpy.ops.render.render()
scene.cycles.samples, scene.render.resolution_x, scene.render.resolution_y = 24, 256, 256
wall, cpu = time.perf_counter(), time.process_time()
bpy.ops.render.render()
offstage.result = (time.process_time() - cpu) / (time.perf_counter() - wall)
"""
    assert value(host.run(keeper, script, cpus=1)) < 1.4


def test_children_draw_other_random_numbers(host, zygote):
    script = """import random, uuid, offstage
offstage.result = [random.random(), uuid.uuid4().hex]
try:
    import numpy
    offstage.result.append(float(numpy.random.rand()))
except ModuleNotFoundError:
    print('this Blender has no numpy')
"""
    first, second = value(host.run(zygote, script)), value(host.run(zygote, script))
    assert not set(first) & set(second)


def test_an_idle_spare_has_little_memory_of_its_own(host, zygote):
    spare = zygote.fork().wait("idle")
    with open(f"/proc/{spare.hello['pid']}/smaps_rollup") as rollup:
        private = sum(int(line.split()[1]) for line in rollup if line.startswith("Private_"))
    assert private < 30 << 10, "kB; a cold Blender has ten times that"
    spare.peer.sock.shutdown(2)


def test_the_factory_scene_is_that_of_a_cold_blender(host, zygote, supervisor):
    script = """import bpy, offstage
offstage.result = [sorted(bpy.data.objects.keys()), sorted(bpy.context.preferences.addons.keys()), bpy.context.scene.render.engine, bpy.data.filepath,
                   bpy.context.scene.name, bpy.app.background, [o.name for o in bpy.context.selected_objects]]
"""
    cold, forked = host.run(supervisor, script), host.run(zygote, script)
    assert value(cold) == value(forked) and json.loads(cold["value_json"])[0] == ["Camera", "Cube", "Light"]
