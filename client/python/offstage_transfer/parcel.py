# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes with a job, packed into a folder: parameters, the files of large ones, data-blocks."""

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from . import blocks, values


class Parcel:
    """A folder with `parameters.json`, `.values/` and `.blocks/`; `options` hands it to `offstage run` and `offstage submit`.

    The folder may go once the job is submitted; `with` takes care of that. `within`: where it is made; in the daemon's staging folder (of `offstage status
    --json`) its files are moved and not copied. Refused is what cannot travel, with its place: values.Unfit, blocks.Unfit.
    """

    def __init__(self, parameters: dict[str, Any] | None = None, data_blocks: Iterable[Any] = (), within: str | None = None) -> None:
        self.folder = tempfile.mkdtemp(prefix="offstage-", dir=within)
        self.known: Any = None             # which of this session's blocks has which uuid; None: no block travels
        try:
            text = values.encode(parameters or {}, "parameters", self.folder)
            Path(self.folder, "parameters.json").write_text(text, "utf-8")
            if data_blocks:
                self.known = blocks.Known()
                blocks.write(self.folder, 0, data_blocks, self.known)
        except BaseException:
            self.close()
            raise

    @property
    def options(self) -> list[str]:
        """For the command line."""
        library = ["--data-blocks", os.path.join(self.folder, blocks.FOLDER, "0.blend")] if self.known else []
        return ["--params", os.path.join(self.folder, "parameters.json"), *library]

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "Parcel":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
