# SPDX-License-Identifier: Apache-2.0
import enum
import json
import math
import sys
from types import SimpleNamespace

import pytest
from offstage_worker import values


class Vector(list):
    pass


class Size(enum.IntEnum):
    LARGE = 3


def foreign(name: str, module: str, **members) -> object:
    return type(name, (), {"__module__": module, **members})()


@pytest.mark.parametrize(("value", "text"), [
    (None, "null"), (True, "true"), (0, "0"), (2**80, "1208925819614629174706176"), (0.1, "0.1"), (1e300, "1e+300"), (-0.0, "-0.0"),
    (float("nan"), '{"$float":"nan"}'), (-math.inf, '{"$float":"-inf"}'), ("Ä\n\"\u2028", '"Ä\\n\\"\u2028"'), (b"\0\xff", '{"$bytes":"AP8="}'),
    ((1, [2]), "[1,[2]]"), ({"a": {"b": None}}, '{"a":{"b":null}}'), ({}, "{}"), ({"$float": "nan"}, '{"$dict":[["$float","nan"]]}'),
    ({"$a": 1, "b": 2}, '{"$a":1,"b":2}'), ({1: "x", None: 2}, '{"$dict":[[1,"x"],[null,2]]}'), (Vector([1.5]), "[1.5]"), (Size.LARGE, "3")])
def test_a_value_becomes_exactly_this_text(value, text):
    assert values.encode(value) == text
    json.loads(text)


@pytest.mark.parametrize("value", [
    None, 2**200, -0.0, 1.7976931348623157e308, {"$float": "nan"}, {"$dict": []}, {"$bytes": "AA=="}, {1: {"$x": b"\0"}}, [[], {}, "é\ud7ff"], {"$ndarray": 3}])
def test_a_value_comes_back_as_it_was(value):
    assert values.decode(values.encode(value)) == value


@pytest.mark.parametrize(("value", "complaint"), [
    ({"a": [1, 2, 3, object()]}, 'result["a"][3]: object of type object'), ([{1, 2}], "result[0]: object of type set"),
    ({"k": foreign("Object", "bpy.types")}, 'result["k"]: object of type bpy.types.Object'), (["\udc80"], "result[0]: text with a lone surrogate"),
    ({"\ud800": 1}, "result: text with a lone surrogate"), (json, "result: object of type module"),
    ("x" * (1 << 20), "result: 1048578 bytes of JSON; at most 1048576")])
def test_what_cannot_travel_is_refused_with_the_way_to_it(value, complaint):
    with pytest.raises(values.Unfit) as refusal:
        values.encode(value)
    assert str(refusal.value).startswith(complaint)


def test_an_integer_that_python_would_not_print_is_refused():
    with pytest.raises(values.Unfit, match="an integer with more digits"):
        values.encode(1 << 20000)


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
    assert values.encode(foreign("float32", "numpy", item=lambda self: 0.5)) == "0.5"
