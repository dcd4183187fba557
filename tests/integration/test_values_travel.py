# SPDX-License-Identifier: Apache-2.0
"""Parameters and results on the whole way: the worker's encoding gives each value back, and command line, client library, daemon and store pass its text on
byte for byte, whatever it is."""
from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest
from hypothesis import HealthCheck, given, settings

ROOT = Path(__file__).resolve().parents[2]
for folder in (ROOT / "daemon" / "worker", ROOT / "tests" / "support"):
    sys.path.insert(0, str(folder))
import boot  # noqa: E402

boot.load()
sys.path.remove(str(ROOT / "daemon" / "worker"))

from offstage_worker import values  # noqa: E402
from support.harness import Daemon  # noqa: E402
from support.jobs import Jobs  # noqa: E402
from travelling import VALUES, arrived, same  # noqa: E402

COUNT = int(os.environ.get("OFFSTAGE_EXAMPLES", "10000"))
BATCH, PARTS = 100, 4                    # parts may run side by side


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    """With a fake Blender that is this very Python, which has numpy."""
    folder = tmp_path_factory.mktemp("values")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        with Daemon(folder / "daemon", f'blenders = ["{ROOT / "tests/support/fake_blender.py"}"]\nsearch_blenders = false\nslots = 2\n') as daemon:
            yield Jobs(daemon, folder)


def spaced(text: str, seed: int) -> str:
    """The same JSON with other white space, as a person may write it."""
    out, in_string, escaped, dice = [], False, False, random.Random(seed)
    for char in text:
        if not in_string and char in "[]{},:" and dice.random() < 0.3:
            char = dice.choice([char + " ", "\n" + char, "\t" + char + "\r\n"])
        if in_string:
            in_string, escaped = escaped or char != '"', char == "\\" and not escaped
        elif char == '"':
            in_string = True
        out.append(char)
    return "".join(out)


def generated() -> list:
    """So many values, each of its own."""
    made: list = []

    @settings(max_examples=COUNT // PARTS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(VALUES)
    def collect(value) -> None:
        made.append(value)

    collect()
    return made


@pytest.mark.parametrize("part", range(PARTS))
def test_values_come_back_as_they_were_and_their_texts_go_through_all_of_it_byte_for_byte(jobs: Jobs, part: int) -> None:
    script, parameters, made = jobs.script("import offstage\noffstage.result = offstage.params"), jobs.folder / f"parameters-{part}.json", generated()
    for begin in range(0, len(made), BATCH):
        batch = made[begin:begin + BATCH]
        text = values.encode({"values": batch}, "parameters")
        written = spaced(text, begin)
        parameters.write_bytes(written.encode())
        done = jobs.daemon.offstage_bytes("run", str(script), "--params", str(parameters), "--json")
        assert done.returncode == 0, done.stderr
        assert done.stdout.partition(b', "parameters": ')[2].startswith(written.encode())
        assert done.stdout.partition(b', "result": ')[2].startswith(text.encode())
        assert same(values.decode(text), {"values": arrived(batch)}) and values.encode(values.decode(text)) == text


def test_large_arrays_go_as_inputs_and_come_as_result_files(jobs: Jobs, tmp_path: Path) -> None:
    given = {"a": numpy.arange(30_000, dtype=">i4").reshape(3, -1), "b": b"x" * 100_000, "c": numpy.asfortranarray(numpy.eye(200))}
    text = values.encode(given, "parameters", str(tmp_path))
    (tmp_path / "parameters.json").write_text(text)
    script = jobs.script("import offstage, os\na += 1\noffstage.result = [a, b, c, os.listdir('.')]")
    job = jobs.json("run", str(script), "--params", str(tmp_path / "parameters.json"))
    a, b, c, here = values.decode(json.dumps(job["result"]), job["out_dir"])
    given["a"] += 1
    assert same(a, given["a"]) and b == given["b"] and same(c, given["c"]) and here == []


def test_parameters_whose_file_is_missing_are_refused_with_its_path(jobs: Jobs, tmp_path: Path) -> None:
    (tmp_path / "parameters.json").write_text('{"a": {"$bytes": {"file": ".values/3.bin"}}}')
    done = jobs.run("run", jobs.script("pass"), "--params", str(tmp_path / "parameters.json"))
    assert done.returncode == 2 and str(tmp_path / ".values" / "3.bin") in done.stderr


def test_a_library_without_its_manifest_is_refused(jobs: Jobs, tmp_path: Path) -> None:
    (tmp_path / "lib.blend").write_text("x")
    done = jobs.run("run", jobs.script("pass"), "--data-blocks", str(tmp_path / "lib.blend"))
    assert done.returncode == 2 and str(tmp_path / "lib.json") in done.stderr
