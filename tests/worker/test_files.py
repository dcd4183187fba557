# SPDX-License-Identifier: Apache-2.0
"""What a job leaves in out/: listed with hashes, durable, whatever it is and however the script ended."""

import errno
import hashlib
import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from offstage_worker import files, sealing
from offstage_worker.files import Files
from wire_host import Keeper, value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("out", "tmp", "work"):
        (tmp_path / name).mkdir()
    return tmp_path


def listed(folder: Path) -> dict[str, tuple[int, str]]:
    return {name: entry[:2] for name, entry in files.read((folder / "files").read_bytes())}


def entry(content: bytes) -> tuple[int, str]:
    return len(content), hashlib.sha256(content).hexdigest()


def test_all_that_lies_in_out_is_listed_at_the_end(folder: Path):
    (folder / "out" / "a" / "b").mkdir(parents=True)
    content = {"x.png": b"x" * 3_000_000, "a/empty": b"", "a/b/ünicode \n\t\".txt": b"hi", ".hidden": b"h", ".values/0.npy": b"n"}
    for name, data in content.items():
        (folder / "out" / name).parent.mkdir(exist_ok=True)
        (folder / "out" / name).write_bytes(data)
    told = Files(str(folder)).finish([])
    assert listed(folder) == {name: entry(data) for name, data in content.items()}
    manifest = (folder / "files").read_bytes()
    assert told == {"count": 5, "bytes": sum(map(len, content.values())), "sha256": hashlib.sha256(manifest).hexdigest()}


def test_a_job_without_files_has_no_manifest(folder: Path):
    assert Files(str(folder)).finish([]) is None and not (folder / "files").exists()


def test_many_files_are_listed_each_once(folder: Path):
    for i in range(500):
        (folder / "out" / str(i)).write_bytes(b"%d" % i)
    assert Files(str(folder)).finish([])["count"] == 500
    assert listed(folder) == {str(i): entry(b"%d" % i) for i in range(500)}


def test_a_saved_file_is_listed_at_once_under_its_name(folder: Path):
    (folder / "work" / "a.txt").write_text("a")
    us = Files(str(folder))
    assert us.save(folder / "work" / "a.txt") == "a.txt"
    assert us.save(str(folder / "work" / "a.txt"), "deep/er/b.txt") == "deep/er/b.txt"
    assert listed(folder) == {"a.txt": entry(b"a"), "deep/er/b.txt": entry(b"a")}
    assert (folder / "out" / "deep" / "er" / "b.txt").read_text() == "a" and os.listdir(folder / "tmp") == []
    assert us.finish([])["count"] == 2 and len((folder / "files").read_text().splitlines()) == 2


def test_a_file_that_is_in_out_already_is_announced_where_it_is(folder: Path):
    (folder / "out" / "sub").mkdir()
    (folder / "out" / "sub" / "a").write_text("a")
    before = os.stat(folder / "out" / "sub" / "a").st_ino
    assert Files(str(folder)).save(folder / "out" / "sub" / "a") == "sub/a"
    assert os.stat(folder / "out" / "sub" / "a").st_ino == before and listed(folder) == {"sub/a": entry(b"a")}


def test_what_is_changed_after_it_was_announced_is_listed_as_it_is_at_the_end(folder: Path):
    place = folder / "out" / "a"
    us = Files(str(folder))
    for content in (b"1", b"2"):         # the same size, in the same tick of the clock
        place.write_bytes(content)
        us.save(place)
    place.write_bytes(b"3")
    assert us.finish([])["count"] == 1
    assert listed(folder) == {"a": entry(b"3")} and len((folder / "files").read_text().splitlines()) == 3


def test_what_is_removed_after_it_was_announced_is_no_result(folder: Path):
    (folder / "out" / "a").write_text("a")
    us = Files(str(folder))
    us.save(folder / "out" / "a")
    (folder / "out" / "a").unlink()
    assert us.finish([]) == {"count": 0, "bytes": 0, "sha256": hashlib.sha256((folder / "files").read_bytes()).hexdigest()} and listed(folder) == {}


def test_large_files_that_were_announced_are_not_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "out" / "big").write_bytes(bytes(20 << 20))
    us = Files(str(folder))
    us.save(folder / "out" / "big")
    monkeypatch.setattr(sealing, "hash_of", None)
    assert us.finish([])["count"] == 1


def looks(folder: Path) -> dict[str, files.Look | None]:
    return {name: entry.look for name, entry in files.read((folder / "files").read_bytes())}


def test_a_file_that_rested_before_it_was_hashed_is_listed_with_its_look(folder: Path):
    for name in ("announced", "left"):
        (folder / "out" / name).write_text("a")
    (folder / "work" / "saved").write_bytes(bytes(sealing.WORTH_WAITING))   # so large that its own rest is waited for
    time.sleep(0.05)
    us = Files(str(folder))
    us.save(folder / "out" / "announced")
    us.save(folder / "work" / "saved")
    us.finish([])
    for name, look in looks(folder).items():
        status = os.stat(folder / "out" / name)
        assert look == (status.st_mtime_ns, status.st_ctime_ns, status.st_ino), name
    assert len(looks(folder)) == 3


def test_what_is_our_own_is_read_where_it_lies_and_has_no_look(folder: Path):
    (folder / "out" / ".blocks").mkdir()
    (folder / "out" / ".blocks" / "0.blend").write_text("a")
    time.sleep(0.05)
    Files(str(folder)).finish([])
    assert listed(folder) == {".blocks/0.blend": entry(b"a")} and looks(folder) == {".blocks/0.blend": None}


@pytest.mark.parametrize("bad", ["out/.values/0.npy", "out/a", "out", "out/sub"])
def test_what_cannot_be_made_durable_is_no_result(folder: Path, monkeypatch: pytest.MonkeyPatch, bad: str):
    for name in (".values/0.npy", "a", "sub/b"):
        (folder / "out" / name).parent.mkdir(exist_ok=True)
        (folder / "out" / name).write_text(name)
    real = os.fsync

    def fsync(fd: int) -> None:
        if os.readlink(f"/proc/self/fd/{fd}") == str(folder / bad):
            raise OSError(errno.EIO, "Input/output error")
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="Input/output error"):
        Files(str(folder)).finish([])
    assert not (folder / "files").exists()


def test_a_file_that_could_be_changed_within_the_tick_is_listed_without_its_look(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sealing, "TICK_NS", 10**18)
    (folder / "out" / "a").write_text("a")
    Files(str(folder)).finish([])
    assert looks(folder) == {"a": None}


def test_a_file_that_is_changed_while_it_is_hashed_is_listed_without_its_look(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "out" / "a").write_text("a")
    time.sleep(0.05)
    real = sealing.hash_of

    def disturbed(fd: int) -> tuple[str, int]:
        digest = real(fd)
        (folder / "out" / "a").write_text("b")
        return digest

    monkeypatch.setattr(sealing, "hash_of", disturbed)
    Files(str(folder)).finish([])
    assert looks(folder) == {"a": None}


def noting(name: str, real: Callable[[int], Any], steps: list[str]) -> Callable[[int], Any]:
    return lambda fd: (steps.append(name), real(fd))[1]


def test_what_a_mapping_has_written_is_synced_before_it_is_hashed(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "out" / "a").write_text("a")
    steps: list[str] = []
    for place, name in ((os, "fsync"), (sealing, "hash_of")):
        monkeypatch.setattr(place, name, noting(name, getattr(place, name), steps))
    Files(str(folder)).save(folder / "out" / "a")
    assert steps == ["fsync", "hash_of"]


def test_links_and_special_files_are_left_out_and_told(folder: Path):
    (folder / "secret").write_text("s")
    (folder / "out" / "link").symlink_to(folder / "secret")
    (folder / "out" / "folder").symlink_to(folder)
    os.mkfifo(folder / "out" / "pipe")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(folder / "out" / "sock"))
    (folder / "out" / "plain").write_text("p")
    Path(os.fsdecode(os.fsencode(folder / "out") + b"/bad\xff")).write_text("b")
    warnings: list[files.Warning] = []
    assert Files(str(folder)).finish(warnings)["count"] == 1
    assert list(listed(folder)) == ["plain"]
    assert sorted(warning["metadata"]["file"] for warning in warnings) == ["bad\\udcff", "folder", "link", "pipe", "sock"]
    assert {warning["code"] for warning in warnings} == {"FILE_SKIPPED"} and "a symbolic link" in " ".join(warning["message"] for warning in warnings)


def test_very_many_links_are_told_in_a_few_words(folder: Path):
    for i in range(100):
        (folder / "out" / str(i)).symlink_to("/nowhere")
    warnings: list[files.Warning] = []
    Files(str(folder)).finish(warnings)
    assert len(warnings) == files.MAX_WARNINGS + 1 and "80 more" in warnings[-1]["message"]


@pytest.mark.parametrize("name", ["", "/etc/x", "../x", "a/../../x", "a//b", "a/", ".", "x\0y", "x" * 5000, "\udcff", ".values/0.npy", ".blocks/0.blend"])
def test_a_name_that_leads_out_of_the_folder_is_refused(folder: Path, name: str):
    (folder / "work" / "a").write_text("a")
    with pytest.raises(ValueError):
        Files(str(folder)).save(folder / "work" / "a", name)
    assert os.listdir(folder / "out") == [] and not (folder / "files").exists()


def test_what_is_no_file_is_not_saved(folder: Path):
    us = Files(str(folder))
    os.mkfifo(folder / "work" / "pipe")
    (folder / "out" / "link").symlink_to("/etc/passwd")
    with pytest.raises(IsADirectoryError):
        us.save(folder / "work")
    with pytest.raises(OSError, match="a pipe"):
        us.save(folder / "work" / "pipe")
    with pytest.raises(OSError):
        us.save(folder / "out" / "link")
    with pytest.raises(FileNotFoundError):
        us.save(folder / "nothing")
    assert not (folder / "files").exists()


def test_a_torn_last_line_is_none(folder: Path):
    whole = json.dumps({"name": "a", "size": 1, "sha256": "0" * 64}) + "\n"
    assert dict(files.read((whole + whole[:-1]).encode())) == {"a": (1, "0" * 64, None)}
    assert dict(files.read(b"{}\nx\n[]\n" + whole.encode())) == {"a": (1, "0" * 64, None)}


def test_a_full_disk_leaves_no_half_a_line(folder: Path):
    us = Files(str(folder))
    (folder / "out" / "a").write_text("a")
    us.save(folder / "out" / "a")
    before = (folder / "files").read_bytes()
    real, calls = os.write, []

    def full(fd: int, data: bytes) -> int:
        calls.append(data)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return real(fd, data[:5])

    os.write = full
    try:
        with pytest.raises(OSError, match="No space"):
            us.save(folder / "out" / "a")
    finally:
        os.write = real
    assert (folder / "files").read_bytes() == before


def test_the_outcome_tells_of_files_whatever_the_ending(host, keeper: Keeper):
    leave = "import offstage, sys\nopen(offstage.out_dir + '/a', 'w').write('abc')\n"
    for ending in ("offstage.result = 1", "sys.exit(0)", "sys.exit(3)", "1 / 0", "raise offstage.Cancelled"):
        worker = keeper.fork().start(leave + ending)
        outcome = worker.outcome()
        manifest = (worker.folder / "files").read_bytes()
        assert outcome["files"] == {"count": 1, "bytes": 3, "sha256": hashlib.sha256(manifest).hexdigest()}, ending
        assert listed(worker.folder) == {"a": entry(b"abc")}
    assert "files" not in host.run(keeper, "pass")


def test_a_file_is_listed_while_the_script_goes_on(host, keeper: Keeper):
    worker = keeper.fork().start("""import offstage, time
open('frame.png', 'w').write('pixels')
offstage.result = offstage.save_file('frame.png', 'frames/1.png')
while not offstage.cancelled(): time.sleep(0.01)
offstage.result = 'late'
""")
    host.until(lambda: (worker.folder / "files").exists() and "frames/1.png" in listed(worker.folder), 30, "the file")
    assert (worker.folder / "out" / "frames" / "1.png").read_text() == "pixels"
    worker.cancel()
    assert worker.outcome()["files"]["count"] == 1


def test_a_forked_child_of_the_script_may_save_files_too(host, keeper: Keeper):
    worker = keeper.fork().start("""import offstage, os
for i in range(4):
    if os.fork() == 0:
        open(f'{i}', 'w').write(str(i))
        offstage.save_file(f'{i}')
        os._exit(0)
for i in range(4): os.wait()
offstage.result = sorted(os.listdir(offstage.out_dir))
""")
    assert value(worker.outcome()) == ["0", "1", "2", "3"]
    assert set(listed(worker.folder)) == {"0", "1", "2", "3"}
