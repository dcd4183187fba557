# SPDX-License-Identifier: Apache-2.0
import enum
import json
import math
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy
import pytest
from offstage_worker import values


class Vector(list):
    pass


class Size(enum.IntEnum):
    LARGE = 3


class Word(str, enum.Enum):
    ONE = "one"


def foreign(name: str, module: str, **members) -> object:
    return type(name, (), {"__module__": module, **members})()


def same(a: numpy.ndarray, b: numpy.ndarray) -> bool:
    """In every bit: NaN and its payload, order in memory, what can be written to."""
    return (type(a) is type(b) is numpy.ndarray and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
            and (a.flags.c_contiguous, a.flags.f_contiguous) == (b.flags.c_contiguous, b.flags.f_contiguous))


@pytest.mark.parametrize(("value", "text"), [
    (None, "null"), (True, "true"), (0, "0"), (2**80, "1208925819614629174706176"), (0.1, "0.1"), (1e300, "1e+300"), (-0.0, "-0.0"),
    (float("nan"), '{"$float":"nan"}'), (-math.inf, '{"$float":"-inf"}'), ("Ä\n\"\u2028", '"Ä\\n\\"\u2028"'), (b"\0\xff", '{"$bytes":"AP8="}'),
    ((1, [2]), "[1,[2]]"), ({"a": {"b": None}}, '{"a":{"b":null}}'), ({}, "{}"), ({"$float": "nan"}, '{"$dict":[["$float","nan"]]}'),
    ({"$a": 1, "b": 2}, '{"$a":1,"b":2}'), (Vector([1.5]), "[1.5]"), (Size.LARGE, "3"), ({Word.ONE: Word.ONE}, '{"one":"one"}'),
    (numpy.float32(0.5), "0.5"), (numpy.uint64(2**64 - 1), "18446744073709551615"), (numpy.bool_(True), "true"), (numpy.float64("nan"), '{"$float":"nan"}'),
    (numpy.array([[1, 2]], "<i2"), '{"$ndarray":{"dtype":"<i2","shape":[1,2],"order":"C","data":"AQACAA=="}}')])
def test_a_value_becomes_exactly_this_text(value, text):
    assert values.encode(value) == text
    json.loads(text)


@pytest.mark.parametrize("value", [
    None, 2**200, -0.0, 1.7976931348623157e308, {"$float": "nan"}, {"$dict": []}, {"$bytes": "AA=="}, {"$x": b"\0"}, [[], {}, "é\ud7ff"], {"$ndarray": 3},
    {"$": {"$": {"$int": "0x1"}}}, {"": None}, bytes(range(256))])
def test_a_value_comes_back_as_it_was(value):
    assert values.decode(values.encode(value)) == value


@pytest.mark.parametrize("value", [3**20_000, -7**9_000, 1 << 1000, (1 << 1000) - 1, -1 << 1000], ids=lambda value: f"{value.bit_length()} bits")
def test_an_integer_comes_back_whatever_its_size(value: int):
    assert ("$int" in values.encode(value)) == (value.bit_length() > 1000)
    assert values.decode(values.encode([value])) == [value]


@pytest.mark.parametrize(("value", "complaint"), [
    ({"a": [1, 2, 3, object()]}, 'result["a"][3]: object of type object'), ([{1, 2}], "result[0]: object of type set"),
    ({"k": foreign("Object", "bpy.types")}, 'result["k"]: object of type bpy.types.Object'), (["\udc80"], "result[0]: text with a lone surrogate"),
    ({"\ud800": 1}, "result: text with a lone surrogate"), (json, "result: object of type module"), ([{"a": {1: "x"}}], 'result[0]["a"]: key 1 of type int'),
    ({None: 0}, "result: key None of type NoneType"), ({"x": 1 + 2j}, 'result["x"]: object of type complex'),
    ("x" * (1 << 20), "result: 1048578 bytes of JSON; at most 1048576"), ([numpy.array([None])], "result[0]: array of dtype object"),
    (numpy.zeros(2, "i4,f8"), "result: array of dtype [('f0', '<i4'), ('f1', '<f8')]"), (numpy.ma.zeros(3), "result: a masked array"),
    (numpy.datetime64("2026-01-01"), "result: object of type numpy.datetime64"),
    ({"o": foreign("Object", "bpy_types", user_remap=0)}, 'result["o"]: object of type bpy_types.Object cannot travel as JSON; data-blocks travel in')])
def test_what_cannot_travel_is_refused_with_the_way_to_it(value, complaint):
    with pytest.raises(values.Unfit) as refusal:
        values.encode(value)
    assert str(refusal.value).startswith(complaint)


def test_a_value_that_contains_itself_is_refused():
    loop: list = []
    loop.append(loop)
    with pytest.raises(values.Unfit, match="contains itself"):
        values.encode(loop)


def test_types_of_blender_travel_as_lists(monkeypatch: pytest.MonkeyPatch):
    vector = foreign("Vector", "builtins", __iter__=lambda self: iter((1.0, 2.0)))
    names = ("Vector", "Color", "Euler", "Quaternion", "Matrix")
    monkeypatch.setitem(sys.modules, "mathutils", SimpleNamespace(**dict.fromkeys(names, type(vector))))
    assert values.encode(vector) == "[1.0,2.0]"
    assert values.encode(foreign("IDPropertyGroup", "builtins", to_dict=lambda self: {"a": 1})) == '{"a":1}'


ARRAYS = [numpy.array(5), numpy.zeros((0, 3), ">f4"), numpy.zeros((2, 0), order="F"), numpy.arange(6, dtype=">i8").reshape(2, 3), numpy.array([True, False]),
          numpy.asfortranarray(numpy.arange(6.0).reshape(2, 3)), numpy.array([1 + 2j, complex("nan")], "<c8"), numpy.array([1.5, -0.0, math.inf], "<f2"),
          numpy.array(["2026-01-31T12:00", "NaT"], "<M8[ms]"), numpy.array([3], "<m8[25us]"), numpy.array(["é", "日本"]), numpy.array([b"a\0b", b""]),
          numpy.array([], "<U0"), numpy.frombuffer(b"\x01\x00\xc0\x7f", "<f4"), numpy.arange(24.0).reshape(2, 3, 4)[:, ::-1, ::2].copy()]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype.str}{array.shape}")
@pytest.mark.parametrize("large", [False, True], ids=["inline", "file"])
def test_an_array_comes_back_in_every_bit(array: numpy.ndarray, large: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    if large:
        monkeypatch.setattr(values, "INLINE_BYTES", -1)
        if not array.nbytes:
            return                                   # never large, and no memory of no bytes can be mapped
    text = values.encode({"a": array}, folder=str(tmp_path))
    assert large == (tmp_path / ".values" / "0.npy").exists() == bool(values.files_of(text))
    back = values.decode(text, str(tmp_path))["a"]
    assert same(back, array)
    if back.size:
        back.flat[0] = back.flat[-1]                 # it is the script's own …
        assert same(values.decode(text, str(tmp_path))["a"], array)   # … and no file has changed


def test_a_view_travels_as_what_it_shows():
    view = numpy.arange(24).reshape(4, 6)[::2, 1::2]
    assert numpy.array_equal(values.decode(values.encode(view)), view)


def test_what_is_large_goes_to_files_and_what_is_small_does_not(tmp_path: Path):
    small, large = numpy.zeros(8192), numpy.zeros(8193)
    text = values.encode([small, large, b"x" * 65537, b"y" * 65536], folder=str(tmp_path))
    assert values.files_of(text) == [".values/0.npy", ".values/1.bin"] and len(text) < 200_000
    assert numpy.array_equal(numpy.load(tmp_path / ".values/0.npy"), large) and (tmp_path / ".values/1.bin").read_bytes() == b"x" * 65537
    assert values.decode(text, str(tmp_path))[2:] == [b"x" * 65537, b"y" * 65536]


def test_many_small_arrays_do_not_fill_the_text(tmp_path: Path):
    given = [numpy.full(4096, i) for i in range(100)]
    text = values.encode(given, folder=str(tmp_path))
    assert len(text) < 500_000 and len(values.files_of(text)) == 92
    assert all(numpy.array_equal(a, b) for a, b in zip(values.decode(text, str(tmp_path)), given, strict=True))


def test_without_a_folder_all_is_in_the_text_as_far_as_it_goes():
    assert values.decode(values.encode(b"x" * 100_000)) == b"x" * 100_000
    with pytest.raises(values.Unfit, match="at most 1048576 travel"):
        values.encode(numpy.zeros(1 << 20))


@pytest.mark.parametrize("text", [
    '{"$bytes":{"file":"../secret"}}', '{"$bytes":{"file":"/etc/passwd"}}', '{"$bytes":{"file":".values/../x.bin"}}', '{"$bytes":{"file":".values/1.bin\\n"}}',
    '{"$ndarray":{"dtype":"|O","shape":[1],"data":"AAAAAAAAAAA="}}', '{"$ndarray":{"dtype":"<f8","shape":[2],"data":"AAAAAAAAAAA="}}',
    '{"$ndarray":{"dtype":"<f8","shape":[0],"data":"AAAAAAAAAAA="}}', '{"$ndarray":{"dtype":"<f4","shape":[3],"file":".values/0.npy"}}',
    '{"$bytes":{"file":".values/7.bin"}}', '{"$bytes":"A"}', '{"$bytes":"A A=="}'])
def test_a_text_that_lies_is_not_taken(text: str, tmp_path: Path):
    (tmp_path / "secret").write_text("x")
    (tmp_path / ".values").mkdir()
    (tmp_path / ".values" / "7.bin").symlink_to(tmp_path / "secret")
    numpy.save(tmp_path / ".values" / "0.npy", numpy.zeros(4, "<f4"))
    with pytest.raises((values.Damaged, ValueError, TypeError)):
        values.decode(text, str(tmp_path))


def test_a_pickle_is_never_read(tmp_path: Path):
    (tmp_path / ".values").mkdir()
    numpy.save(tmp_path / ".values" / "0.npy", numpy.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError):
        values.decode('{"$ndarray":{"dtype":"<f8","shape":[1],"file":".values/0.npy"}}', str(tmp_path))
