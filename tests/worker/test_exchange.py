# SPDX-License-Identifier: Apache-2.0
"""What a script finds and what it leaves: through a whole worker on the fake Blender, forked and cold."""

import json
from pathlib import Path

import numpy
import pytest
from offstage_worker import values
from wire_host import Keeper, value


def inputs(folder: Path) -> dict:
    return {"folder": str(folder), "files": sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())}


def test_parameters_are_variables_and_their_files_are_mapped(host, keeper: Keeper, tmp_path: Path):
    given = {"big": numpy.arange(20_000.0).reshape(100, 200), "small": numpy.array([1, 2], ">i2"), "raw": b"x" * 70_000, "it's": "it's", "n": float("nan")}
    text = values.encode(given, "parameters", str(tmp_path))
    for path in (tmp_path / ".values").iterdir():
        path.chmod(0o400)
    script = """
import mmap, offstage
base = big
while isinstance(base, __import__('numpy').ndarray): base = base.base
big[0, 0] = -1
offstage.result = [float(big.sum()), isinstance(base, mmap.mmap), small.tolist(), str(small.dtype), len(raw), offstage.params["it's"], n != n]
"""
    outcome = host.run(keeper, script, parameters_json=text, inputs=inputs(tmp_path))
    assert value(outcome) == [given["big"].sum() - 1, True, [1, 2], ">i2", 70_000, "it's", True]
    assert numpy.load(tmp_path / ".values/0.npy")[0, 0] == 0


def test_a_large_result_is_a_file_among_the_result_files(host, keeper: Keeper):
    script = "import numpy, offstage\noffstage.result = {'a': numpy.arange(10_000), 'b': b'y' * 80_000, 'c': numpy.array(3)}"
    worker = keeper.fork().start(script)
    outcome = worker.outcome()
    got = values.decode(outcome["value_json"], str(worker.folder / "out"))
    assert numpy.array_equal(got["a"], numpy.arange(10_000)) and got["b"] == b"y" * 80_000 and got["c"].shape == ()
    listed = [json.loads(line)["name"] for line in (worker.folder / "files").read_text().splitlines()]
    assert listed == [".values/0.npy", ".values/1.bin"] and outcome["files"]["count"] == 2


@pytest.mark.parametrize(("text", "result"), [
    ("python_data = {'a': 1}", '{"a":1}'), ("python_data['a'] = 1", '{"a":1}'), ("python_data = 0", "0"), ("pass", "null"), ("del python_data", "null"),
    ("import offstage\npython_data = 1\noffstage.result = 2", "2"), ("python_data = {}", "{}")])
def test_python_data_is_the_result_unless_there_is_another(host, fake, text: str, result: str):
    assert host.run(host.keeper(fake), text)["value_json"] == result


def test_the_names_of_background_processing_are_there(host, keeper: Keeper):
    script = "update_job_progress(0.5)\npython_data = [passed_data_blocks, data_blocks, source_blend_file, size]"
    worker = keeper.fork().start(script, parameters_json='{"size": 3, "data_blocks": 7}')
    assert value(worker.outcome()) == [[], [], "", 3]
    assert numpy.frombuffer(worker.page()[16:24], "<f8")[0] == 0.5


def test_what_of_python_data_cannot_travel_is_named(host, keeper: Keeper):
    outcome = host.run(keeper, "python_data = {'a': [1, {2}]}")
    assert (outcome["state"], outcome["reason"]) == ("failed", "RESULT_INVALID")
    assert outcome["message"] == 'python_data["a"][1]: object of type set cannot travel as JSON'


def test_parameters_whose_file_is_missing_fail_the_job_and_say_which(host, keeper: Keeper, tmp_path: Path):
    outcome = host.run(keeper, "pass", parameters_json='{"a": {"$bytes": {"file": ".values/4.bin"}}}', inputs=inputs(tmp_path))
    assert (outcome["state"], outcome["reason"]) == ("failed", "SCRIPT_ERROR") and ".values/4.bin" in outcome["message"]


def test_w7_parameters_are_data_and_never_source(host, keeper: Keeper):
    given = {"a": "it's", "b": float("nan"), "c": "'''; import os #", "d": "\\N{BULLET}\n", "e": -0.0}
    outcome = host.run(keeper, "import offstage\noffstage.result = [a, b, c, d, e]", parameters_json=values.encode(given))
    assert outcome["value_json"] == values.encode(list(given.values()))


def test_w20_lines_of_a_traceback_are_the_scripts_own_and_future_imports_work(host, keeper: Keeper):
    script = "from __future__ import annotations\n\ndef f(x: nowhere): raise ValueError(x)\n\nf(passed_data_blocks)\n"
    error = host.run(keeper, script, name="/a/b.py", parameters_json='{"size": 1}')["error"]
    assert [(frame["file"], frame["line"], frame["function"]) for frame in error["frames"]] == [("/a/b.py", 5, "<module>"), ("/a/b.py", 3, "f")]


def test_w18_a_result_is_text_that_every_version_reads_and_that_runs_nothing(host, keeper: Keeper):
    outcome = host.run(keeper, "python_data = [1, 'x', {'a': None}]")
    assert json.loads(outcome["value_json"]) == [1, "x", {"a": None}]
    outcome = host.run(keeper, "import os\nclass Evil:\n    def __reduce__(self): return os.system, ('touch pwned',)\npython_data = [Evil()]")
    assert outcome["message"] == "python_data[0]: object of type __main__.Evil cannot travel as JSON"
