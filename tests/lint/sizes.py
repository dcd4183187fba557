# SPDX-License-Identifier: Apache-2.0
"""A file of ours holds one concept: past 400 lines it holds two."""

from collections.abc import Iterator

from .tree import files, shown, text

LONGEST = 400


def violations() -> Iterator[str]:
    for path in files(".h", ".cc", ".py", ".proto"):
        if (lines := len(text(path).splitlines())) > LONGEST:
            yield f"{shown(path, lines)}: {lines} lines; what is the second concept?"
