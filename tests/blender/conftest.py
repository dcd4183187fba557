# SPDX-License-Identifier: Apache-2.0
"""Real Blenders: each test here runs on every one that OFFSTAGE_TEST_BLENDERS names (colon-separated; default: the one on PATH).

One daemon a Blender serves the whole session, with the fork proven before the first test; a test that stops or kills its daemon asks for one of its own.
"""
from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from stage import Stage
from support.harness import Daemon
from wire_host import Blender, hosting

BLENDERS = (os.environ.get("OFFSTAGE_TEST_BLENDERS") or shutil.which("blender") or "blender").split(":")


@pytest.fixture(scope="session", params=BLENDERS, ids=lambda path: Path(path).parent.parent.name + "-" + Path(path).name)
def blender(request: pytest.FixtureRequest) -> str:
    """A fixture with parameters, and not parametrised tests: so all tests of one Blender come after each other, and what lives for the session does."""
    return request.param


def config(blender: str) -> str:
    return f'blenders = ["{blender}"]\nsearch_blenders = false\n'


def wait_proven(daemon: Daemon, patience: float = 240) -> dict:
    deadline = time.monotonic() + patience
    rows: list[dict] = []
    while time.monotonic() < deadline:
        rows = json.loads(daemon.offstage("blenders", "--json").stdout)
        if rows and rows[0]["fork"] != "pending":
            break
        time.sleep(0.2)
    assert rows and rows[0]["fork"] == "proven", rows
    return rows[0]


@pytest.fixture(scope="session")
def shared(blender: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(tmp_path_factory.mktemp("shared"), config(blender)) as daemon:
        wait_proven(daemon)
        yield daemon


@pytest.fixture(scope="session")
def stage(blender: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with hosting(tmp_path_factory.mktemp("s")) as host:
        yield Stage(host, host.keeper(Blender.at(blender)), tmp_path_factory.mktemp("scenes"))


@pytest.fixture
def own(blender: str, tmp_path: Path, shared: Daemon) -> Iterator[Daemon]:
    """A daemon for this test alone; the proof is taken from the cache that `shared` has filled."""
    with Daemon(tmp_path, config(blender), proof_cache=shared.proof_cache) as daemon:
        wait_proven(daemon)
        yield daemon


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., str]:
    def write(text: str, name: str = "script.py") -> str:
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write
