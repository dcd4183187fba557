# SPDX-License-Identifier: Apache-2.0
"""The files of this checkout that are ours to judge."""

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {".git", "build", "__pycache__", ".cache", ".venv", "node_modules"}


def files(*suffixes: str, under: str = "") -> Iterator[Path]:
    """Those with one of the suffixes; without any, all. No git needed: a tarball is a checkout, too."""
    for folder, folders, names in os.walk(ROOT / under):
        folders[:] = sorted(set(folders) - NOT_OURS)
        for name in sorted(names):
            path = Path(folder, name)
            if (not suffixes or path.suffix in suffixes) and not path.is_symlink():
                yield path


def text(path: Path) -> str:
    """Empty for what is no text."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return ""


def shown(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"
