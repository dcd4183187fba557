# SPDX-License-Identifier: GPL-3.0-or-later
"""Python values as JSON text, exact: what a result and parameters are on their way.

Beyond JSON: {"$float": "nan" | "inf" | "-inf"}, {"$bytes": base64}, {"$ndarray": {"dtype", "shape", "data"}}, and {"$dict": [[key, value], …]} for a dict whose
keys are not all text, or whose only key begins with "$". Tuples and mathutils' types travel as lists. What else there is, is refused, with the way to it.
"""

import base64
import json
import sys
from typing import Any

MAX_BYTES = 1 << 20  # with script and parameters, a whole job stays below one message of the API
MAX_DEPTH = 100
_quote = json.JSONEncoder(ensure_ascii=False).encode


class Unfit(Exception):
    """A value that cannot travel; the text names it: `result["a"][3]: object of type X …`."""


def encode(value: Any, name: str = "result") -> str:
    text = _encode(value, name, 0)
    size = len(text.encode())
    if size > MAX_BYTES:
        raise Unfit(f"{name}: {size} bytes of JSON; at most {MAX_BYTES} travel. Write large data to a file in offstage.out_dir")
    return text


def decode(text: str) -> Any:
    return json.loads(text, object_hook=_object)


def _encode(value: Any, path: str, depth: int) -> str:
    if depth > MAX_DEPTH:
        raise Unfit(f"{path[:200]}…: nested more than {MAX_DEPTH} deep, or contains itself")
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, int):
        return _integer(value, path)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f'{{"$bytes":"{base64.b64encode(value).decode()}"}}'
    if isinstance(value, list | tuple):
        return "[" + ",".join(_encode(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)) + "]"
    if isinstance(value, dict):
        return _dict(value, path, depth)
    return _foreign(value, path, depth)


def _text(value: str, path: str) -> str:
    text = _quote(str(value))
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unfit(f"{path}: text with a lone surrogate (undecoded bytes?), which is no valid Unicode") from None
    return text


def _integer(value: int, path: str) -> str:
    try:
        return int.__repr__(value)
    except ValueError:
        raise Unfit(f"{path}: an integer with more digits than Python turns into text (sys.set_int_max_str_digits)") from None


def _float(value: float) -> str:
    if value != value:
        return '{"$float":"nan"}'
    if value in (float("inf"), float("-inf")):
        return '{"$float":"inf"}' if value > 0 else '{"$float":"-inf"}'
    return float.__repr__(value)


def _dict(value: dict[Any, Any], path: str, depth: int) -> str:
    if all(isinstance(key, str) for key in value) and not (len(value) == 1 and next(iter(value)).startswith("$")):
        items = (f"{_text(key, path)}:{_encode(item, f'{path}[{_quote(str(key))}]', depth + 1)}" for key, item in value.items())
        return "{" + ",".join(items) + "}"
    pairs = (f"[{_encode(key, f'{path} key', depth + 1)},{_encode(item, f'{path}[{key!r}]', depth + 1)}]" for key, item in value.items())
    return '{"$dict":[' + ",".join(pairs) + "]}"


def _foreign(value: Any, path: str, depth: int) -> str:
    """Types that Blender brings, known by name: nothing is imported for a value that is not there."""
    kind = type(value)
    if kind.__module__ == "numpy":
        if kind.__name__ == "ndarray":
            return _array(value, path)
        if hasattr(value, "item"):
            return _encode(value.item(), path, depth + 1)
    if _is_mathutils(value) or kind.__name__ == "bpy_prop_array":
        return _encode(list(value), path, depth + 1)
    if kind.__name__ == "IDPropertyArray":
        return _encode(value.to_list(), path, depth + 1)
    if kind.__name__ == "IDPropertyGroup":
        return _encode(value.to_dict(), path, depth + 1)
    where = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    raise Unfit(f"{path}: object of type {where} cannot travel as JSON")


def _is_mathutils(value: Any) -> bool:
    """Its types do not say where they come from: "Vector", of "builtins"."""
    module = sys.modules.get("mathutils")
    return module is not None and isinstance(value, (module.Vector, module.Color, module.Euler, module.Quaternion, module.Matrix))


def _array(array: Any, path: str) -> str:
    if array.dtype.kind not in "biufc":
        raise Unfit(f"{path}: array of dtype {array.dtype} cannot travel; numbers and booleans do")
    if array.nbytes > MAX_BYTES:
        raise Unfit(f"{path}: array of {array.nbytes} bytes; at most {MAX_BYTES} travel. Save it to a file in offstage.out_dir")
    data = base64.b64encode(array.tobytes()).decode()
    return json.dumps({"$ndarray": {"dtype": array.dtype.str, "shape": list(array.shape), "data": data}}, separators=(",", ":"))


def _object(pairs: dict[str, Any]) -> Any:
    if len(pairs) != 1:
        return pairs
    ((key, value),) = pairs.items()
    if key == "$float" and value in ("nan", "inf", "-inf"):
        return float(value)
    if key == "$bytes" and isinstance(value, str):
        return base64.b64decode(value)
    if key == "$dict" and isinstance(value, list):
        return {k: v for k, v in value}
    if key == "$ndarray" and isinstance(value, dict):
        import numpy
        return numpy.frombuffer(base64.b64decode(value["data"]), dtype=value["dtype"]).reshape(value["shape"]).copy()
    return pairs
