# SPDX-License-Identifier: GPL-3.0-or-later
"""Python values as JSON text, exact: what a result and parameters are on their way. No part of the worker: a host imports this very file, too.

What goes beyond JSON is an object with one key: {"$float": "nan"}, {"$int": "0x…"}, {"$bytes": …}, {"$ndarray": …}, {"$dict": [[key, value]]}; all of it is in
docs/reference/values.md and values.schema.json. Large arrays and bytes lie in files beside the text, in `.values/` of a folder that both sides know.
Never pickled.
"""

import base64
import json
import os
import re
import sys
from typing import Any

MAX_BYTES = 1 << 20      # of text: with script and parameters, a whole job stays below one message of the API
INLINE_BYTES = 64 << 10  # an array or bytes above this go to a file, and so does any once the small ones together are …
INLINE_TOTAL = 256 << 10
MAX_DEPTH = 100
MAX_BITS = 1000          # of an integer in decimal digits; common parsers refuse what is above the largest float, 1.8e308
FOLDER = ".values"
_FILE = re.compile(r"\.values/[0-9]{1,9}\.(npy|bin)")
_DTYPE = re.compile(r"[<>|][biufcmMSU][0-9]{1,9}(\[[0-9A-Za-z/]{1,20}\])?")
_quote = json.JSONEncoder(ensure_ascii=False).encode


class Unfit(ValueError):
    """A value that cannot travel; the text names it: `result["a"][3]: object of type X …`."""


class Damaged(ValueError):
    """A text, or a file that it names, that is not what encode() made."""


def encode(value: Any, name: str = "result", folder: str | None = None) -> str:
    """The value's text. `folder`: where `.values/` may be made for what is large; without it all is in the text. `name` is what errors call the value."""
    text = _Encoder(folder).encode(value, name, 0)
    size = len(text.encode())
    if size > MAX_BYTES:
        raise Unfit(f"{name}: {size} bytes of JSON; at most {MAX_BYTES} travel. A numpy array may be larger, and so may bytes, or a file in offstage.out_dir")
    return text


def decode(text: str, folder: str | None = None) -> Any:
    """The value. Large arrays are mapped from their files, copy on write: changing them changes no file."""
    return json.loads(text, object_hook=_Decoder(folder).object)


def files_of(text: str) -> list[str]:
    """The names of the files that a text refers to, as they are below its folder."""
    names: list[str] = []

    def look(pairs: dict[str, Any]) -> dict[str, Any]:
        if isinstance(name := pairs.get("file"), str) and _FILE.fullmatch(name):
            names.append(name)
        return pairs

    json.loads(text, object_hook=look)
    return names


class _Encoder:
    def __init__(self, folder: str | None) -> None:
        self._folder = folder
        self._inline = 0                 # bytes of arrays and bytes in the text so far

    def encode(self, value: Any, path: str, depth: int) -> str:
        if depth > MAX_DEPTH:
            raise Unfit(f"{path[:200]}…: nested more than {MAX_DEPTH} deep, or contains itself")
        if value is None or value is True or value is False:
            return {None: "null", True: "true", False: "false"}[value]
        if isinstance(value, str):
            return _text(value, path)
        if isinstance(value, int):
            return _integer(value)
        if isinstance(value, float):
            return _float(value)
        if isinstance(value, bytes | bytearray | memoryview):
            return self._bytes(bytes(value))
        if isinstance(value, list | tuple):
            return "[" + ",".join([self.encode(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]) + "]"
        if isinstance(value, dict):
            return self._dict(value, path, depth)
        return self._foreign(value, path, depth)

    def _dict(self, value: dict[Any, Any], path: str, depth: int) -> str:
        for key in value:
            if not isinstance(key, str):
                raise Unfit(f"{path}: key {key!r:.100} of type {_name_of(type(key))}; keys are text")
        pairs = [(_text(key, path), self.encode(item, f"{path}[{_quote(str.__str__(key))}]", depth + 1)) for key, item in value.items()]
        if len(pairs) == 1 and pairs[0][0].startswith('"$'):
            return '{"$dict":[[%s,%s]]}' % pairs[0]  # noqa: UP031  braces are JSON's here
        return "{" + ",".join([f"{key}:{item}" for key, item in pairs]) + "}"

    def _foreign(self, value: Any, path: str, depth: int) -> str:
        """Types that Blender brings, known by name: nothing is imported for a value that is not there."""
        kind = type(value)
        numpy = sys.modules.get("numpy")
        if numpy and isinstance(value, numpy.ndarray):
            return self._array(value, path)
        if numpy and isinstance(value, numpy.generic) and isinstance(value.item(), bool | int | float):
            return self.encode(value.item(), path, depth + 1)
        if _is_mathutils(value) or kind.__name__ == "bpy_prop_array":
            return self.encode(list(value), path, depth + 1)
        if kind.__name__ == "IDPropertyArray":
            return self.encode(value.to_list(), path, depth + 1)
        if kind.__name__ == "IDPropertyGroup":
            return self.encode(value.to_dict(), path, depth + 1)
        hint = "; data-blocks travel in data_blocks" if hasattr(value, "user_remap") else ""
        raise Unfit(f"{path}: object of type {_name_of(kind)} cannot travel as JSON{hint}")

    def _bytes(self, value: bytes) -> str:
        if (name := self._large(len(value), "bin")) is None:
            return f'{{"$bytes":"{base64.b64encode(value).decode()}"}}'
        with open(os.path.join(self._folder, name), "xb") as file:
            file.write(value)
        return f'{{"$bytes":{{"file":"{name}"}}}}'

    def _array(self, array: Any, path: str) -> str:
        import numpy
        if not _DTYPE.fullmatch(array.dtype.str):
            raise Unfit(f"{path}: array of dtype {array.dtype} cannot travel; numbers, booleans, text, bytes and times do")
        if isinstance(array, numpy.ma.MaskedArray):
            raise Unfit(f"{path}: a masked array cannot travel; give its data and its mask")
        array = numpy.asarray(array)
        order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
        told = {"dtype": array.dtype.str, "shape": list(array.shape), "order": order}
        if (name := self._large(array.nbytes, "npy")) is None:
            told["data"] = base64.b64encode(array.tobytes(order)).decode()
        else:
            with open(os.path.join(self._folder, name), "xb") as file:
                numpy.save(file, array, allow_pickle=False)
            told["file"] = name
        return json.dumps({"$ndarray": told}, separators=(",", ":"))

    def _large(self, size: int, ending: str) -> str | None:
        """A new file's name for so many bytes, or None: they go into the text."""
        if self._folder is None or (size <= INLINE_BYTES and self._inline + size <= INLINE_TOTAL):
            self._inline += size
            return None
        folder = os.path.join(self._folder, FOLDER)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        return f"{FOLDER}/{len(os.listdir(folder))}.{ending}"


def _text(value: str, path: str) -> str:
    text = _quote(str.__str__(value))
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unfit(f"{path}: text with a lone surrogate (undecoded bytes?), which is no valid Unicode") from None
    return text


def _integer(value: int) -> str:
    if value.bit_length() > MAX_BITS:
        return f'{{"$int":"{int(value):#x}"}}'
    return int.__repr__(value)


def _float(value: float) -> str:
    if value != value:
        return '{"$float":"nan"}'
    if value in (float("inf"), float("-inf")):
        return '{"$float":"inf"}' if value > 0 else '{"$float":"-inf"}'
    return float.__repr__(value)


def _name_of(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _is_mathutils(value: Any) -> bool:
    """Its types do not say where they come from: "Vector", of "builtins"."""
    module = sys.modules.get("mathutils")
    return module is not None and isinstance(value, (module.Vector, module.Color, module.Euler, module.Quaternion, module.Matrix))


class _Decoder:
    def __init__(self, folder: str | None) -> None:
        self._folder = folder

    def object(self, pairs: dict[str, Any]) -> Any:
        if len(pairs) != 1:
            return pairs
        ((key, value),) = pairs.items()
        if key == "$float" and value in ("nan", "inf", "-inf"):
            return float(value)
        if key == "$int" and isinstance(value, str):
            return int(value, 16)
        if key == "$bytes" and isinstance(value, str):
            return base64.b64decode(value, validate=True)
        if key == "$bytes" and isinstance(value, dict):
            with open(self._file(value), "rb") as file:
                return file.read()
        if key == "$dict" and isinstance(value, list):
            return dict(value)
        if key == "$ndarray" and isinstance(value, dict):
            return self._array(value)
        return pairs

    def _array(self, told: dict[str, Any]) -> Any:
        import numpy
        if not _DTYPE.fullmatch(told["dtype"]):
            raise Damaged(f"an array of dtype {told['dtype']!r} is none that travels")
        dtype, shape, order = numpy.dtype(told["dtype"]), tuple(told["shape"]), told.get("order", "C")
        if "file" not in told:
            data = bytearray(base64.b64decode(told["data"], validate=True))
            array = numpy.ndarray(shape, dtype, buffer=data or bytearray(dtype.itemsize), order=order)
            if array.nbytes != len(data):
                raise Damaged(f"an array of shape {shape} and dtype {told['dtype']} has {len(data)} bytes")
            return array
        path = self._file(told)
        array = numpy.lib.format.open_memmap(path, mode="c").view(numpy.ndarray)
        if (array.dtype, array.shape) != (dtype, shape):
            raise Damaged(f"{path} holds an array of dtype {array.dtype.str} and shape {array.shape}, not of {told['dtype']} and {shape}")
        return array

    def _file(self, told: dict[str, Any]) -> str:
        """A file that the text names. It cannot lead out of the folder, neither by its name nor as a link."""
        name = told["file"]
        if self._folder is None or not _FILE.fullmatch(name):
            raise Damaged(f"{name!r} is no file of the values' own folder")
        path = os.path.join(self._folder, name)
        if os.path.islink(path) or os.path.islink(os.path.dirname(path)):
            raise Damaged(f"{path} is a link")
        return path
