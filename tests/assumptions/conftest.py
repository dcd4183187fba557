# SPDX-License-Identifier: Apache-2.0
"""What we lean on in Blender, asked of each Blender in OFFSTAGE_TEST_BLENDERS (paths with colons between them; default: /usr/bin/blender).

A new Blender that breaks one of these tells us here, by the name of the test. Facts and their figures: docs/design/fork-server.md.
"""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from wire_host import Blender, hosting  # noqa: E402

PATHS = os.environ.get("OFFSTAGE_TEST_BLENDERS", "/usr/bin/blender").split(":")


def short(path: str) -> str:
    return Path(path).parent.parent.name + "-" + Path(path).name


@pytest.fixture(scope="session", params=[pytest.param(path, id=short(path), marks=pytest.mark.xdist_group(short(path))) for path in PATHS])
def blender(request: pytest.FixtureRequest) -> Blender:
    return Blender.at(request.param)


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory):
    with hosting(tmp_path_factory.mktemp("state") / "s") as host:
        yield host


@pytest.fixture(scope="session")
def zygote(host, blender):
    return host.keeper(blender)


@pytest.fixture(scope="session")
def supervisor(host, blender):
    return host.keeper(blender, "supervisor")


@pytest.fixture(params=["forked", "cold"])
def keeper(request: pytest.FixtureRequest, zygote, supervisor):
    return zygote if request.param == "forked" else supervisor
