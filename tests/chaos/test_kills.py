# SPDX-License-Identifier: Apache-2.0
"""What was acknowledged is there, once, whoever is killed. More of it: scripts/chaos --kills."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_a_hundred_kills_lose_nothing_and_leave_nothing() -> None:
    done = subprocess.run([sys.executable, str(Path(__file__).with_name("kills.py")), "100"], capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
