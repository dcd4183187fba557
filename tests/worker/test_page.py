# SPDX-License-Identifier: Apache-2.0
import struct
import timeit
from pathlib import Path

import pytest
from offstage_worker import page


@pytest.fixture
def path(tmp_path: Path) -> Path:
    page.create(str(tmp_path / "page"))
    return tmp_path / "page"


def fields(path: Path) -> dict:
    data = path.read_bytes()
    sequence, fraction, count, phase, started, length = struct.unpack_from("<QdQQQQ", data, 8)
    return {"sequence": sequence, "fraction": fraction, "count": count, "phase": phase, "started": started, "message": data[64:64 + length].decode()}


def test_a_new_page_says_that_nothing_has_run(path: Path):
    assert path.stat().st_size == 4096 and path.read_bytes()[:8] == b"OFFSTAG1"
    assert fields(path) == {"sequence": 0, "fraction": -1.0, "count": 0, "phase": page.IDLE, "started": 0, "message": ""}


def test_progress_lands_on_the_page_and_the_newest_wins(path: Path):
    progress = page.Page(str(path)).reporter()
    progress(0.25, "Lädt")
    progress(1)
    progress(0.5, "bakes")
    found = fields(path)
    assert (found["fraction"], found["message"], found["count"], found["sequence"] % 2) == (0.5, "bakes", 3, 0)


def test_an_unchanged_message_is_not_written_again(path: Path):
    progress = page.Page(str(path)).reporter()
    progress(0.1, "same")
    before = fields(path)["sequence"]
    progress(0.2, "same")
    assert fields(path)["sequence"] == before


@pytest.mark.parametrize(("given", "kept"), [(-3, 0.0), (7.5, 1.0), (float("inf"), 1.0), (True, 1.0), (0, 0.0)])
def test_fractions_are_kept_between_0_and_1(path: Path, given: float, kept: float):
    page.Page(str(path)).reporter()(given)
    assert fields(path)["fraction"] == kept


def test_what_is_no_fraction_is_an_error_of_the_script(path: Path):
    progress = page.Page(str(path)).reporter()
    with pytest.raises(ValueError):
        progress(float("nan"))
    with pytest.raises(TypeError):
        progress("half")
    assert fields(path)["fraction"] == -1.0


def test_a_long_message_is_cut_between_characters(path: Path):
    page.Page(str(path)).reporter()(0.5, "€" * 1000)
    assert fields(path)["message"] == "€" * 341


def test_go_notes_the_time_before_the_phase_changes_hands(path: Path):
    before = page.boottime_us()
    mapped = page.Page(str(path))
    mapped.phase = page.PREPARED
    assert page.peek(str(path)) == (page.PREPARED, 0)
    started = mapped.go()
    assert page.peek(str(path)) == (page.RUNNING, started) and before <= started <= page.boottime_us()


def test_the_cancel_flag_is_seen(path: Path):
    mapped = page.Page(str(path))
    assert mapped.cancel_flag() == 0
    with path.open("r+b") as file:
        file.seek(2048)
        file.write((2).to_bytes(8, "little"))
    assert mapped.cancel_flag() == 2


def test_an_attempt_has_one_page_only(path: Path):
    with pytest.raises(FileExistsError):
        page.create(str(path))


def test_progress_costs_no_system_call(path: Path):
    progress = page.Page(str(path)).reporter()
    best = min(timeit.repeat(lambda: progress(0.5, "frame 3"), number=2000, repeat=10)) / 2000
    assert best < 50e-6, "a generous bound: it is meant to be a microsecond"
