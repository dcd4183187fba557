# SPDX-License-Identifier: Apache-2.0
"""Real Blenders: each test here runs on every one that OFFSTAGE_TEST_BLENDERS names (colon-separated; default: the one on PATH).

One daemon a Blender serves the whole session, with the fork proven before the first test; files whose tests crash and kill what runs on it ask for `own`.
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
from wire_host import Blender, Keeper, hosting

BLENDERS = (os.environ.get("OFFSTAGE_TEST_BLENDERS") or shutil.which("blender") or "blender").split(":")


def short(path: str) -> str:
    return Path(path).parent.parent.name + "-" + Path(path).name


@pytest.fixture(scope="session", params=[pytest.param(path, id=short(path), marks=pytest.mark.xdist_group(short(path))) for path in BLENDERS])
def blender(request: pytest.FixtureRequest) -> str:
    """A fixture with parameters, and not parametrised tests: so all tests of one Blender come after each other, and what lives for the session does.
    With `-n 2 --dist loadgroup` each Blender has a process of its own."""
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
def keeper(blender: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keeper]:
    """Of forked workers without a daemon between: the worker's code alone."""
    with hosting(tmp_path_factory.mktemp("s")) as host:
        yield host.keeper(Blender.at(blender))


@pytest.fixture(scope="session")
def stage(keeper: Keeper, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(keeper.host, keeper, tmp_path_factory.mktemp("scenes"))


@pytest.fixture(scope="module")
def own(blender: str, tmp_path_factory: pytest.TempPathFactory, shared: Daemon) -> Iterator[Daemon]:
    """A daemon of the file's own, which its tests may kill and must leave serving; the proof is taken from the cache that `shared` has filled."""
    with Daemon(tmp_path_factory.mktemp("own"), config(blender), proof_cache=shared.proof_cache) as daemon:
        wait_proven(daemon)
        yield daemon


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., str]:
    def write(text: str, name: str = "script.py") -> str:
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write
