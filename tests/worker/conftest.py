# SPDX-License-Identifier: Apache-2.0
"""daemon/worker as the package `offstage_worker`, as in a worker."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
for folder in (ROOT / "daemon" / "worker", ROOT / "tests" / "support"):
    sys.path.insert(0, str(folder))

import boot  # noqa: E402

boot.load()
sys.path.remove(str(ROOT / "daemon" / "worker"))

from wire_host import Blender, Host, hosting  # noqa: E402


@pytest.fixture
def host(tmp_path: Path):
    # The fake Blender is to be this very Python, which has what the tests need.
    with hosting(tmp_path / "state", {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}) as host:
        yield host


@pytest.fixture
def fake() -> Blender:
    return Blender(str(ROOT / "tests" / "support" / "fake_blender.py"), "executable", "4.9.0")


@pytest.fixture(params=["zygote", "supervisor"])
def keeper(request: pytest.FixtureRequest, host: Host, fake: Blender):
    return host.keeper(fake, request.param)
