# SPDX-License-Identifier: GPL-3.0-or-later
"""What a script is given and what it gives back: parameters, data-blocks, names that it finds as global variables, its result. Needs bpy for data-blocks only.

The names are those of background-processing, so that its scripts run as they are.
"""

from collections.abc import Callable, Iterable
from typing import Any

from . import blocks, scene, values, wire
from .files import Files


class Exchange:
    def __init__(self, out: str, files: Files) -> None:
        self._out, self._files = out, files
        self._known = blocks.Known()
        self._given: dict[str, Any] = {}   # python_data and data_blocks as the script found them
        self._parts = 0
        self.params: dict[str, Any] = {}
        self.passed: list[Any] = []

    def take_in(self, prepare: wire.Message) -> None:
        """Parameters and data-blocks. Raises whatever their texts and files make it raise."""
        folder = prepare["inputs"]["folder"] if prepare.get("inputs") else None
        self.params = values.decode(prepare["parameters_json"] or "{}", folder)
        if folder:
            for part in blocks.parts(folder):
                self.passed += [block.id for block in blocks.read(folder, part, self._known) if not block.along]

    def names(self, progress: Callable[..., None]) -> dict[str, Any]:
        """What a script finds as global variables beside its parameters."""
        self._given = {"data_blocks": [], "python_data": {}}
        return {**self._given, "passed_data_blocks": self.passed, "update_job_progress": progress, "source_blend_file": scene.source_blend_file()}

    def send(self, data_blocks: Iterable[Any]) -> None:
        """Gives data-blocks (a list or set) back at once, as they are now; the data_blocks that a script leaves at its end are those that come last."""
        for name in self._write(data_blocks):
            self._files.announce(name)

    def result(self, result: Any, script: dict[str, Any]) -> str:
        """The result's text; leaves the data-blocks that the script has named. Raises values.Unfit, blocks.Unfit, OSError."""
        name, python_data = "result", script.get("python_data")
        if result is None and (python_data or python_data is not self._given["python_data"]):
            name, result = "python_data", python_data
        if data_blocks := script.get("data_blocks"):
            self._write(data_blocks)     # listed with all that is left at the end
        return values.encode(result, name, self._out)

    def _write(self, data_blocks: Iterable[Any]) -> list[str]:
        names = blocks.write(self._out, self._parts, data_blocks, self._known, real=scene.real)
        self._parts += 1
        return names
