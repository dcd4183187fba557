# SPDX-License-Identifier: Apache-2.0
"""Links of our pages lead somewhere: to a file, and to a heading of it. Paths in backticks that look like ours exist, too."""

import re
from collections.abc import Iterator
from pathlib import Path

from .tree import ROOT, files, shown, text

LINK = re.compile(r"\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`((?:daemon|client|proto|scripts|tests|docs|docker|cmake|\.ci)/[\w./-]*[\w/])`")
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """As the forges make them of headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in HEADING.findall(text(page))}


def dead(page: Path, link: str) -> bool:
    if re.match(r"[a-z]+:", link):
        return False
    name, _, anchor = link.partition("#")
    target = page.parent / name if name else page
    return not target.exists() or (bool(anchor) and target.suffix == ".md" and anchor not in anchors(target))


def violations() -> Iterator[str]:
    for page in files(".md"):
        for number, line in enumerate(text(page).splitlines(), 1):
            for link in LINK.findall(line):
                if dead(page, link):
                    yield f"{shown(page, number)}: {link} leads nowhere"
            for path in QUOTED.findall(line):
                if not (ROOT / path).exists():
                    yield f"{shown(page, number)}: there is no {path}"
