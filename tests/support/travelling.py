# SPDX-License-Identifier: Apache-2.0
"""Values that may travel, for property tests, and whether two are the same in every bit."""

import math
import struct
from typing import Any

import numpy
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=20) | st.sampled_from(
    ["it's", '"', "\\", "\0", "$float", "$", "\u2028", "\ufeff", "𝄞", ""])
INTEGERS = st.integers() | st.integers(-(2**70), 2**70) | (
    st.integers(900, 15_000).map(lambda bits: (1 << bits) - 1) | st.integers(1, 300).map(lambda n: -(7**n)))
DTYPES = (arrays.boolean_dtypes() | arrays.integer_dtypes(endianness="?") | arrays.unsigned_integer_dtypes(endianness="?")
          | arrays.floating_dtypes(endianness="?") | arrays.complex_number_dtypes(endianness="?")
          | arrays.datetime64_dtypes(endianness="?") | arrays.timedelta64_dtypes(endianness="?")
          | arrays.unicode_string_dtypes(max_len=4) | arrays.byte_string_dtypes(max_len=4))
PLAIN_ARRAYS = arrays.arrays(DTYPES, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
ARRAYS = st.tuples(PLAIN_ARRAYS, st.sampled_from(["C", "F"])).map(lambda pair: pair[0].copy(order=pair[1]))
LEAVES = st.none() | st.booleans() | INTEGERS | st.floats() | TEXT | st.binary(max_size=30) | ARRAYS
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=5) | st.lists(inner, max_size=3).map(tuple) | st.dictionaries(TEXT, inner, max_size=5),
                      max_leaves=12)
PARAMETERS = st.dictionaries(TEXT, VALUES, max_size=6)


def arrived(value: Any) -> Any:
    """What a value is at the other end: tuples have become lists."""
    if isinstance(value, list | tuple):
        return [arrived(item) for item in value]
    if isinstance(value, dict):
        return {key: arrived(item) for key, item in value.items()}
    return value


def same(a: Any, b: Any) -> bool:
    """Type, value, the sign of zeros, NaN as itself, the order of keys; of arrays every bit and their order in memory."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or struct.pack("d", a) == struct.pack("d", b)
    if isinstance(a, numpy.ndarray):
        return (a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
                and (a.flags.c_contiguous, a.flags.f_contiguous) == (b.flags.c_contiguous, b.flags.f_contiguous))
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return a == b
