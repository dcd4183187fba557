# SPDX-License-Identifier: Apache-2.0
import os
from pathlib import Path

import pytest
from offstage_worker import records

RECORD = {"attempt": "ab", "state": "succeeded", "value_json": '{"ü": 1e24, "n": 1208925819614629174706176}'}


def test_a_record_is_read_as_it_was_written(tmp_path: Path):
    records.write(str(tmp_path), records.OUTCOME, RECORD)
    assert records.read(str(tmp_path), records.OUTCOME) == RECORD
    assert os.listdir(tmp_path) == ["outcome"] and (tmp_path / "outcome").stat().st_mode & 0o777 == 0o600


def test_a_second_try_replaces_the_first_and_its_draft(tmp_path: Path):
    (tmp_path / "exit.tmp").write_text("half of a")
    records.write(str(tmp_path), records.EXIT, {"attempt": "1"})
    records.write(str(tmp_path), records.EXIT, {"attempt": "2"})
    assert records.read(str(tmp_path), records.EXIT) == {"attempt": "2"}


def test_a_draft_never_follows_a_link(tmp_path: Path):
    (tmp_path / "exit.tmp").symlink_to(tmp_path / "victim")
    records.write(str(tmp_path), records.EXIT, {"attempt": "1"})
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize("harm", [
    lambda data: b"", lambda data: data[:-1], lambda data: data + b" ", lambda data: data[:20], lambda data: data.replace(b"succeeded", b"Succeeded"),
    lambda data: data.replace(b" 1 ", b" 2 ", 1), lambda data: data.replace(b"OUTCOME", b"EXIT"), lambda data: b"\xff" * 200])
def test_what_is_not_whole_is_no_record(harm):
    with pytest.raises(records.Invalid):
        records.decode(records.OUTCOME, harm(records.encode(records.OUTCOME, RECORD)))
