# SPDX-License-Identifier: Apache-2.0
"""Scripts run in a child, for they change sys.argv, sys.path and __main__ for good."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNNER = """
import json, os, sys
sys.path.insert(0, {code!r})
import boot; boot.load(); sys.path.pop(0)
from offstage_worker.script import Script
given = json.loads(sys.stdin.read())
script = Script(given["text"], given["name"])
script.set(given["args"], given["parameters"], "/work-folder")
ending = script.run()
main = sys.modules["__main__"].__dict__
os.write(3, json.dumps({{"exit_code": ending.exit_code, "error": ending.error, "out": main.get("out")}}).encode())
os._exit(0)
"""


def run(text: str, name: str = "/scripts/my.py", args: list[str] | None = None, **parameters: Any) -> dict:
    answer = tempfile.TemporaryFile()
    code = f"import os; os.dup2({answer.fileno()}, 3)\n" + RUNNER.format(code=str(ROOT / "daemon" / "worker"))
    given = json.dumps({"text": text, "name": name, "args": args or [], "parameters": parameters})
    done = subprocess.run([sys.executable, "-c", code], input=given, text=True, capture_output=True, pass_fds=[answer.fileno()], timeout=60)
    with answer:
        answer.seek(0)
        return {**json.loads(answer.read() or "{}"), "stdout": done.stdout, "stderr": done.stderr}


def test_it_is_the_main_program():
    text = "import sys, __main__\nout = [__name__, __file__, sys.argv, sys.path[0], __main__.__dict__ is globals(), 'wire' in sys.modules]"
    out = run(text, args=["a", "-b"])["out"]
    assert out == ["__main__", "/scripts/my.py", ["/scripts/my.py", "a", "-b"], "/scripts", True, False]


def test_a_plain_name_has_the_work_folder_as_its_own():
    assert run("import sys; out = [__file__, sys.path[0]]", name="script.py")["out"] == ["script.py", "/work-folder"]


def test_parameters_are_variables_where_they_can_be():
    text = "out = [size, sorted(name for name in globals() if not name.startswith('__')), __name__]"
    out = run(text, size=[1], **{"a b": 2, "class": 3, "__name__": "x"})["out"]
    assert out == [[1], ["size"], "__main__"]


def test_future_imports_work_and_ours_do_not_leak_in():
    assert run("from __future__ import annotations\ndef f(x: nowhere): pass\nout = f.__annotations__")["out"] == {"x": "nowhere"}


def test_classes_of_the_script_can_be_pickled():
    assert run("import pickle\nclass A: pass\nout = type(pickle.loads(pickle.dumps(A()))).__name__")["out"] == "A"


@pytest.mark.parametrize(("statement", "code"), [("sys.exit()", 0), ("sys.exit(0)", 0), ("sys.exit(3)", 3), ("sys.exit(-1)", 255), ("sys.exit(256)", 1),
                                                 ("sys.exit('no luck')", 1), ("sys.exit(False)", 0), ("raise SystemExit(7)", 7)])
def test_exit_codes_are_those_of_python(statement: str, code: int):
    ended = run(f"import sys\n{statement}")
    assert ended["exit_code"] == code and ended["error"] is None
    assert ("no luck" in ended["stderr"]) == ("no luck" in statement)


def test_an_exception_comes_with_the_scripts_own_frames_and_source():
    ended = run("def f():\n    raise ValueError('bad value')\n\nf()\n")
    error = ended["error"]
    assert (error["type"], error["message"]) == ("ValueError", "bad value")
    assert [(frame["file"], frame["line"], frame["function"], frame["source"]) for frame in error["frames"]] == [
        ("/scripts/my.py", 4, "<module>", "f()"), ("/scripts/my.py", 2, "f", "raise ValueError('bad value')")]
    assert error["traceback"].startswith("Traceback (most recent call last):\n  File \"/scripts/my.py\", line 4, in <module>\n    f()\n")
    assert error["traceback"] in ended["stderr"] and "offstage_worker" not in error["traceback"]


def test_a_cause_is_told():
    traceback = run("try:\n    {}['k']\nexcept KeyError as e:\n    raise RuntimeError('outer') from e")["error"]["traceback"]
    assert "KeyError: 'k'" in traceback and "direct cause" in traceback and "RuntimeError: outer" in traceback


def test_a_syntax_error_has_line_column_and_caret_and_runs_nothing():
    ended = run("print('never')\nx = (1,\ny = 2 3\n")
    frame = ended["error"]["frames"][-1]
    assert ended["error"]["type"] == "SyntaxError" and ended["stdout"] == ""
    assert frame["file"] == "/scripts/my.py" and frame["line"] in (2, 3) and frame["column"] > 0 and frame["source"]
    assert "^" in ended["error"]["traceback"]


@pytest.mark.parametrize("text", ["a\0b", "x = " + "(" * 5000 + ")" * 5000, "\ud800 = 1"])
def test_what_cannot_be_compiled_is_an_error_of_the_script(text: str):
    assert run(text)["error"]["type"]


def test_types_of_modules_and_of_the_script_are_named_as_python_does():
    assert run("import json; json.loads('{')")["error"]["type"] == "json.decoder.JSONDecodeError"
    assert run("class Odd(Exception): pass\nraise Odd('x')")["error"]["type"] == "Odd"


def test_an_exception_that_breaks_when_looked_at_is_still_told():
    ended = run("class Odd(Exception):\n  def __str__(self): raise RuntimeError\nraise Odd")
    assert ended["error"]["type"] == "Odd" and "failed" in ended["error"]["message"]


def test_an_endless_recursion_has_an_end():
    error = run("def f(): f()\nf()")["error"]
    assert error["type"] == "RecursionError" and len(error["frames"]) <= 200


def test_a_message_of_megabytes_and_surrogates_can_travel():
    error = run("raise ValueError('\\udcff' + 'x' * 10**7)")["error"]
    assert len(error["message"]) < 70_000 and error["message"].startswith("\\udcff")


def test_a_bom_and_windows_line_ends_are_no_error():
    assert run("\ufeffout = 1\r\nif out:\r\n    out = 2\r\n")["out"] == 2


def test_keyboard_interrupt_is_an_error_like_others():
    assert run("raise KeyboardInterrupt")["error"]["type"] == "KeyboardInterrupt"
