# SPDX-License-Identifier: Apache-2.0
"""Whatever may travel comes back as it was, and its text is what the schema says; by thousands, on the whole way: tests/integration/test_values_travel.py."""

import json
import os
import tempfile
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from offstage_worker import values
from travelling import ARRAYS, PARAMETERS, VALUES, arrived, same

FEW = settings(max_examples=int(os.environ.get("OFFSTAGE_EXAMPLES", "10000")) // 20, deadline=None, suppress_health_check=list(HealthCheck), database=None)
SCHEMA = json.loads((Path(values.__file__).parent / "values.schema.json").read_text())


@FEW
@given(VALUES)
def test_a_value_comes_back_as_it_was(value) -> None:
    text = values.encode(value)
    assert same(values.decode(text), arrived(value))
    assert values.encode(values.decode(text)) == text


@FEW
@given(VALUES)
def test_so_it_does_with_everything_in_files(value) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(values, "INLINE_BYTES", 0)
        assert same(values.decode(values.encode(value, folder=folder), folder), arrived(value))


@FEW
@given(VALUES)
def test_the_text_is_what_the_schema_says(value) -> None:
    jsonschema.validate(json.loads(values.encode(value)), SCHEMA)


@FEW
@given(PARAMETERS)
def test_parameters_are_one_json_object_without_what_json_does_not_know(parameters) -> None:
    text = values.encode(parameters, "parameters")
    assert isinstance(json.loads(text, parse_constant=lambda word: pytest.fail(word)), dict)


@FEW
@given(ARRAYS)
def test_an_array_comes_back_as_it_was(array) -> None:
    assert same(values.decode(values.encode(array)), array)


@pytest.mark.parametrize("text", ['{"$float":"1"}', '{"$bytes":"A"}', '{"$dict":[["a",1]]}', '{"$dict":[["$a",1],["$b",2]]}', '{"$new":1}',
                                  '{"$ndarray":{"dtype":"|O","shape":[],"data":""}}', '{"$bytes":{"file":"x"}}', '{"$int":"12"}'])
def test_the_schema_refuses_what_no_encoder_writes(text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(text), SCHEMA)
