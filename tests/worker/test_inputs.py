# SPDX-License-Identifier: Apache-2.0
"""A job's inputs are in its working directory when its script begins."""

import errno
import os
from pathlib import Path

import pytest
from offstage_worker import inputs
from wire_host import Keeper, value


def given(folder: Path, **files: bytes) -> dict:
    names = []
    for key, content in files.items():
        name = key.replace("__", "/").replace("_dot_", ".")
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o400)
        names.append(name)
    return {"folder": str(folder), "files": names}


def test_a_script_finds_them_and_may_change_them(host, keeper: Keeper, tmp_path: Path):
    script = """import offstage, os
with open('sub/b.txt', 'a') as file: file.write('+')
offstage.result = [open('a.txt').read(), open('sub/b.txt').read(), sorted(os.listdir('.'))]
"""
    files = given(tmp_path / "inputs", a_dot_txt=b"A", sub__b_dot_txt=b"B", _dot_values__0_dot_npy=b"N")
    worker = keeper.fork().wait("idle")
    worker.prepare(script, inputs=files)
    worker.go()
    assert value(worker.outcome()) == ["A", "B+", ["a.txt", "sub"]]
    assert (tmp_path / "inputs" / "sub" / "b.txt").read_bytes() == b"B"


def test_one_that_is_gone_ends_the_attempt_before_the_script(host, keeper: Keeper, tmp_path: Path):
    worker = keeper.fork().wait("idle")
    worker.prepare(f"open({str(tmp_path / 'ran')!r}, 'w')", inputs={"folder": str(tmp_path), "files": ["gone.txt"]})
    worker.go()
    outcome = worker.outcome()
    assert (outcome["state"], outcome["reason"]) == ("failed", "PREFLIGHT") and "gone.txt" in outcome["message"]
    assert not (tmp_path / "ran").exists()


def test_a_full_disk_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    files = given(tmp_path / "inputs", a=b"A")

    def full(source: int, target: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(inputs, "copy_content", full)
    (tmp_path / "work").mkdir()
    with pytest.raises(OSError, match="space"):
        inputs.take(files["folder"], files["files"], str(tmp_path / "work"))


def test_a_link_in_the_place_of_an_input_is_not_followed(tmp_path: Path):
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "inputs").mkdir()
    (tmp_path / "inputs" / "a").symlink_to(tmp_path / "secret")
    (tmp_path / "work").mkdir()
    with pytest.raises(inputs.Missing):
        inputs.take(str(tmp_path / "inputs"), ["a"], str(tmp_path / "work"))
    assert not (tmp_path / "work" / "a").exists()
