# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a script as Python itself would run it, and says how it ended. No bpy here: tested on plain Python.

All that can be done ahead is done in the constructor and `set`, so that `run` begins with the script's first line.
"""

import keyword
import linecache
import os
import sys
import traceback
from dataclasses import dataclass
from types import CodeType, ModuleType, TracebackType
from typing import Any

MAX_MESSAGE = 64 << 10
MAX_TRACEBACK = 256 << 10
MAX_FRAMES = 200
Error = dict[str, Any]


@dataclass(frozen=True)
class Ending:
    """How the script ended. At most one of exit_code ≠ 0 and error is there."""
    exit_code: int = 0
    error: Error | None = None
    exception: BaseException | None = None


class Script:
    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self._code: CodeType | None = None
        self._refused: BaseException | None = None
        self.globals: dict[str, Any] = {}
        text = text.removeprefix("\ufeff")
        # No mtime: checkcache() then leaves the entry alone, and tracebacks show the source as it was at submit.
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        try:
            self._code = compile(text, name, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
            self._refused = error

    def set(self, args: list[str], parameters: dict[str, Any], folder: str, names: dict[str, Any] | None = None) -> None:
        """Makes this the main program: `__main__`, sys.argv, sys.path[0] (the script's own folder, or `folder` if its name has none).

        Its global variables are the parameters that can be, and `names`, which win.
        """
        module = ModuleType("__main__")
        self.globals = module.__dict__
        module.__dict__.update({key: value for key, value in parameters.items() if _is_variable(key)})
        module.__dict__.update(names or {})
        module.__dict__.update(__file__=self.name, __builtins__=__builtins__, __annotations__={})
        sys.modules["__main__"] = module
        sys.argv[:] = [self.name, *args]
        sys.path.insert(0, os.path.dirname(self.name) or folder)

    def run(self) -> Ending:
        if self._code is None:
            assert self._refused
            return self._failed(self._refused)
        try:
            exec(self._code, self.globals)
        except SystemExit as exit:
            return Ending(exit_code=_exit_code(exit))
        except BaseException as error:
            return self._failed(error)
        return Ending()

    def _failed(self, error: BaseException) -> Ending:
        error.__traceback__ = self._own(error.__traceback__)
        details = describe(error)
        try:
            sys.stderr.write(details["traceback"])
        except Exception:                # closed by the script, or there is no room for the log: the outcome has it
            pass
        return Ending(error=details, exception=error)

    def _own(self, top: TracebackType | None) -> TracebackType | None:
        """The traceback from the script's first frame on; what called it is ours."""
        own = top
        while own and own.tb_frame.f_code is not self._code:
            own = own.tb_next
        return own


def describe(error: BaseException) -> Error:
    """An exception in parts, as WIRE.md has it."""
    frames = [{"file": frame.filename, "line": frame.lineno or 0, "function": frame.name, "source": frame.line or "", "column": 0}
              for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append({"file": error.filename, "line": error.lineno or 0, "function": "<module>", "source": (error.text or "").rstrip("\n"),
                       "column": error.offset or 0})
    if len(frames) > MAX_FRAMES:
        frames = frames[:MAX_FRAMES // 2] + frames[-MAX_FRAMES // 2:]
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    return {"type": name, "message": _clean(_message(error), MAX_MESSAGE),
            "traceback": _clean(_traceback(error), MAX_TRACEBACK), "frames": _clean_frames(frames)}


def _message(error: BaseException) -> str:
    try:
        return error.msg if isinstance(error, SyntaxError) and error.msg else str(error)
    except Exception as second:
        return f"<str() of the exception failed: {type(second).__name__}>"


def _traceback(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(type(error), error, error.__traceback__))
    except Exception:                    # an exception whose own methods are broken
        return "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__ + "\n"


def _clean(text: str, limit: int) -> str:
    """Valid UTF-8 and not endless: of a long text, the beginning and the end."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= limit else f"{text[:limit // 2]}\n… {len(text) - limit} characters left out …\n{text[-limit // 2:]}"


def _clean_frames(frames: list[Error]) -> list[Error]:
    return [{key: _clean(value, 4096) if isinstance(value, str) else value for key, value in frame.items()} for frame in frames]


def _is_variable(key: str) -> bool:
    return key.isidentifier() and not keyword.iskeyword(key) and not (key.startswith("__") and key.endswith("__"))


def _exit_code(exit: SystemExit) -> int:
    """As Python's own: None is 0, text goes to stderr and is 1. A number that only its lowest byte makes 0 is not taken for success."""
    if exit.code is None:
        return 0
    if not isinstance(exit.code, int):
        print(exit.code, file=sys.stderr)
        return 1
    return (exit.code & 0xFF) or int(exit.code != 0)
