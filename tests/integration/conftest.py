# SPDX-License-Identifier: Apache-2.0
"""The whole path with real gRPC, SQLite and processes, and a fake Blender (tests/support/fake_blender.py) that starts in no time.

`shared` serves the whole session; a test that stops, kills or configures its daemon asks for `daemon`, which is its own. Programs: see support/harness.py.
"""
from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))
from support.harness import Daemon  # noqa: E402
from support.jobs import Jobs  # noqa: E402

FAKE_BLENDER = TESTS / "support" / "fake_blender.py"
CONFIG = f'blenders = ["{FAKE_BLENDER}"]\nsearch_blenders = false\n'


@pytest.fixture(scope="session")
def shared_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(tmp_path_factory.mktemp("shared"), CONFIG + "slots = 4\n") as daemon:
        yield daemon


@pytest.fixture
def shared(shared_daemon: Daemon, tmp_path: Path) -> Jobs:
    return Jobs(shared_daemon, tmp_path)


@pytest.fixture
def make_daemon(tmp_path: Path) -> Iterator[Callable[..., Jobs]]:
    """Daemons of this test alone, not started yet; `config` is added to the usual one."""
    made: list[Daemon] = []

    def make(config: str = "slots = 4\n", name: str = "daemon", **kwargs) -> Jobs:
        made.append(Daemon(tmp_path / name, CONFIG + config, **kwargs))
        return Jobs(made[-1], tmp_path)

    yield make
    for daemon in made:
        daemon.close()


@pytest.fixture
def daemon(make_daemon: Callable[..., Jobs]) -> Jobs:
    jobs = make_daemon()
    jobs.daemon.start()
    return jobs
