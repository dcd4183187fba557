# SPDX-License-Identifier: Apache-2.0
"""The tests with real processes would notice: each seeded bug is found, and nothing is found without one."""
from __future__ import annotations

from pathlib import Path

import pytest

from .seeded_bugs import BUGS, Bug, seek


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
@pytest.mark.parametrize("seeded", [True, False])
def test_what_is_seeded_is_found_and_nothing_else(tmp_path: Path, bug: Bug, seeded: bool) -> None:
    assert bool(seek(bug, tmp_path, seeded)) == seeded
