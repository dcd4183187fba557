# SPDX-License-Identifier: Apache-2.0
"""Scenes: where they are opened from, how it is known that something has changed, and what preflight makes of a missing file."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from offstage_worker import missing, places, scene_warnings, stamps
from offstage_worker.farm import Farm
from wire_host import value

# ---- paths as Blender reads them ----


@pytest.mark.parametrize(("path", "meant"), [
    ("//tex.png", "/shots/a/tex.png"), ("//../tex.png", "/shots/tex.png"), ("//maps\\wood.png", "/shots/a/maps/wood.png"), ("/abs/x.png", "/abs/x.png"),
    ("C:\\maps\\x.png", "/c/maps/x.png"), ("//./x.png", "/shots/a/x.png"), ("/a//b/../c.png", "/a/c.png"), ("//.hidden.png", "/shots/a/.hidden.png"),
])
def test_a_path_of_a_scene_means_what_blender_means_by_it(path: str, meant: str):
    assert places.absolute(path, "/shots/a") == meant


def test_tiles_and_frames_are_files():
    assert places.tile("/t/skin.<UDIM>.png", 1012) == "/t/skin.1012.png"
    assert places.tile("/t/skin_<UVTILE>.png", 1012) == "/t/skin_u2_v2.png"
    assert places.numbered("/t/fire_0001.png", 12) == "/t/fire_0012.png"
    assert places.numbered("/t2/v2_fire.1.final.exr", 12) == "/t2/v2_fire.12.final.exr"
    assert places.numbered("/t2/fire.png", 3) == "/t2/fire3.png"
    assert places.number("/t/fire_0012.png") == 12 and places.number("/t9/fire.png") is None


# ---- what has changed ----

def test_a_file_that_was_touched_replaced_removed_or_made_has_changed(tmp_path: Path):
    names = [str(tmp_path / name) for name in ("a", "b", "c", "d", "absent")]
    for name in names[:-1]:
        Path(name).write_text("1")
    before = stamps.stamps(names)
    assert stamps.changed(before) is None and before[names[-1]] is None

    def change(name: str) -> str | None:
        told = stamps.changed({name: before[name]})
        return told

    os.utime(names[0], ns=(1, 1))
    Path(names[1]).write_text("12")
    other = tmp_path / "other"
    other.write_text("1")
    os.utime(other, ns=(before[names[2]][1],) * 2)       # the same size and time, another file
    other.rename(names[2])
    os.unlink(names[3])
    Path(names[4]).write_text("")
    for name in names:
        assert change(name) == name


def test_a_link_that_points_elsewhere_has_changed(tmp_path: Path):
    for name in ("v1", "v2"):
        (tmp_path / name).write_text("1")
        os.utime(tmp_path / name, ns=(5, 5))
    link = tmp_path / "current"
    link.symlink_to("v1")
    before = stamps.stamps([str(link)])
    link.unlink()
    link.symlink_to("v2")
    assert stamps.changed(before) == str(link)


def test_a_path_that_no_file_can_have_is_absent():
    assert stamps.stamps(["/x\0y"]) == {"/x\0y": None} and stamps.changed({"/x\0y": None}) is None and missing.missing(["/x\0y"]) == {"/x\0y"}


# ---- what is missing ----

def test_what_is_missing_is_told_however_many_there_are(tmp_path: Path):
    for count in (3, 200):
        folder = tmp_path / str(count)
        folder.mkdir()
        paths = [f"{folder}/{number}.png" for number in range(count)]
        for path in paths[2:]:
            Path(path).touch()
        os.symlink("nowhere", paths[0])                  # a link to nothing is nothing
        assert missing.missing(paths) == set(paths[:2])
    assert missing.missing(["/proc/no/folder/x"] * 20) == {"/proc/no/folder/x"}


def test_a_folder_full_of_other_things_is_not_read_to_its_end(tmp_path: Path):
    for number in range(500):
        (tmp_path / f"{number}.txt").touch()
    wanted = [f"{tmp_path}/{number}.txt" for number in range(480, 520)]
    assert missing.missing(wanted) == set(wanted[20:])


# ---- the farm ----

@pytest.fixture
def shot(tmp_path: Path) -> Path:
    """/…/proj/a with a texture beside and one above it."""
    folder = tmp_path / "proj" / "a"
    (folder / "blendcache_x").mkdir(parents=True)
    (folder / "tex.png").write_text("beside")
    (folder.parent / "up.png").write_text("above")
    (tmp_path / "bytes").write_text("handed over")
    return folder


def test_a_scene_by_value_lies_where_it_came_from(shot: Path, tmp_path: Path):
    (shot / "x.blend").write_text("an older one")
    farm = Farm(str(tmp_path / "farm"), str(shot / "x.blend"), str(tmp_path / "bytes"))
    blend = Path(farm.blend)
    assert blend.read_text() == "handed over" and blend.name == "x.blend" and farm.blend == str(tmp_path / "farm") + str(shot / "x.blend")
    assert (blend.parent / "tex.png").read_text() == "beside" and (blend.parent.parent / "up.png").read_text() == "above"
    assert (blend.parent / "blendcache_x").is_dir()
    assert Path(farm.root + "/proc/self").exists()
    assert farm.real(str(blend.parent / "tex.png")) == str(shot / "tex.png") and farm.real("/etc/hosts") == "/etc/hosts"
    assert (shot / "x.blend").read_text() == "an older one"


def test_what_is_written_below_a_link_arrives_and_the_folder_itself_is_private(shot: Path, tmp_path: Path):
    farm = Farm(str(tmp_path / "farm"), str(shot / "x.blend"), str(tmp_path / "bytes"))
    (Path(farm.blend).parent / "blendcache_x" / "1").write_text("")
    (Path(farm.blend).parent / "new").write_text("")
    assert (shot / "blendcache_x" / "1").exists() and not (shot / "new").exists()


@pytest.mark.parametrize("original", ["", "/nowhere/at/all/x.blend", "/x.blend"])
def test_a_scene_that_was_never_saved_here_needs_no_folder(tmp_path: Path, original: str):
    (tmp_path / "bytes").write_text("handed over")
    farm = Farm(str(tmp_path / "farm"), original, str(tmp_path / "bytes"))
    assert Path(farm.blend).read_text() == "handed over" and farm.original == (original or "/untitled.blend")


def test_a_path_that_blender_would_cut_is_refused(tmp_path: Path):
    with pytest.raises(OSError, match="too long"):
        Farm(str(tmp_path / "farm"), "/" + "x" * 1020, str(tmp_path / "bytes"))


def test_dots_lead_nowhere_else(tmp_path: Path):
    (tmp_path / "bytes").write_text("")
    farm = Farm(str(tmp_path / "farm"), "/../../a/../b/x.blend", str(tmp_path / "bytes"))
    assert farm.blend == str(tmp_path / "farm") + "/b/x.blend"


# ---- warnings ----

def test_of_very_many_a_hundred_are_kept_and_the_rest_is_counted():
    many = [scene_warnings.warning("TEXTURE_MISSING", str(number)) for number in range(250)]
    kept = scene_warnings.bounded([*many, scene_warnings.warning("LIBRARY_MISSING", "l")])
    assert [kept[0]["code"], len(kept)] == ["LIBRARY_MISSING", 101]
    assert kept[-1]["message"] == "151 more of this kind, not listed" and kept[-2]["message"] == "98"
    assert len(scene_warnings.bounded(many[:100])) == 100


def test_the_page_of_warnings_has_each_code_in_order():
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "warnings.md").read_text()
    assert re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE) == list(scene_warnings.HINTS)


def test_names_that_are_no_text_travel():
    made = scene_warnings.warning("TEXTURE_MISSING", os.fsdecode(b"/a\xff.png"), path="x" * 5000)
    json.dumps(made).encode().decode("utf-8")
    assert made["message"] == "/a?.png" and len(made["metadata"]["path"]) == 4096


# ---- in a worker ----

SCRIPT = "import bpy, offstage\noffstage.result = [image.filepath for image in bpy.data.images]"


def scene_file(folder: Path, *lines: str) -> dict[str, Any]:
    path = folder / "x.blend"
    path.write_text("\n".join(["FAKE-BLEND", *lines]))
    return {"path": str(path), "trust": False}


def pin_of(path: str) -> dict[str, int]:
    size, mtime_ns, inode, device = stamps.stamp(path) or [0, 0, 0, 0]
    return {"size": size, "mtime_ns": mtime_ns, "inode": inode, "device": device}


def test_a_scene_that_has_changed_since_it_was_submitted_is_not_opened(host, keeper, tmp_path: Path):
    scene = scene_file(tmp_path)
    pinned = {**scene, "pin": pin_of(scene["path"])}
    assert host.run(keeper, SCRIPT, scene=pinned)["state"] == "succeeded"
    Path(scene["path"]).write_text("FAKE-BLEND, but another one")
    outcome = host.run(keeper, SCRIPT, scene=pinned)
    assert outcome["reason"] == "SCENE_UNREADABLE" and "has changed since it was submitted: another size" in outcome["message"]
    os.unlink(scene["path"])
    assert "it is gone" in host.run(keeper, SCRIPT, scene=pinned)["message"]


def test_a_missing_texture_is_warned_of_and_refused_where_that_was_asked_for(host, keeper, tmp_path: Path):
    scene = scene_file(tmp_path, "image //wood.png")
    for policy in ({}, {"on_warning": "warn"}):
        outcome = host.run(keeper, SCRIPT, scene=scene, **policy)
        [told] = outcome["warnings"]
        assert value(outcome) == ["//wood.png"]
        assert told["code"] == "TEXTURE_MISSING" and told["metadata"]["path"] == str(tmp_path / "wood.png") and told["metadata"]["hint"]
    outcome = host.run(keeper, "print('ran')", scene=scene, on_warning="fail")
    assert (outcome["state"], outcome["reason"]) == ("failed", "PREFLIGHT") and str(tmp_path / "wood.png") in outcome["message"] and outcome["hint"]
    assert len(outcome["warnings"]) == 1
    (tmp_path / "wood.png").touch()
    assert host.run(keeper, SCRIPT, scene=scene, on_warning="fail")["state"] == "succeeded"


def test_what_blender_only_prints_is_heard(host, keeper, tmp_path: Path):
    scene = scene_file(tmp_path, "says Error: Engine 'X_RENDER' not available for scene 'Shot' (an add-on may need to be installed or enabled)",
                       'says Color management: scene view "AgX" not found, setting default "Standard".', "says all is well")
    outcome = host.run(keeper, SCRIPT, scene=scene)
    assert [told["code"] for told in outcome["warnings"]] == ["ENGINE_UNKNOWN", "COLORSPACE_FALLBACK"]
    assert outcome["warnings"][0]["metadata"]["engine"] == "X_RENDER" and outcome["warnings"][1]["metadata"]["wanted"] == "AgX"


def test_a_scene_by_value_is_opened_at_its_original_place(host, keeper, tmp_path: Path):
    proj = tmp_path / "proj"
    proj.mkdir()
    (proj / "wood.png").touch()
    handed = scene_file(tmp_path, "image //wood.png", "image //gone.png")
    look = "import bpy, offstage, os\noffstage.result = [bpy.data.filepath, os.path.exists(os.path.dirname(bpy.data.filepath) + '/wood.png')]"
    outcome = host.run(keeper, look, scene={**handed, "original_path": str(proj / "x.blend")})
    path, found = value(outcome)
    assert path.endswith(str(proj / "x.blend")) and found
    assert [told["metadata"]["path"] for told in outcome["warnings"]] == [str(proj / "gone.png")]
