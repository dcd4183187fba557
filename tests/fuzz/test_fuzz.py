# SPDX-License-Identifier: Apache-2.0
"""Runs the fuzz targets: each over its seeds and on from there. `corpus/X` are the seeds of `X.cc`; what once broke something of ours belongs there.

OFFSTAGE_FUZZ_BIN is the folder of the programs (default: build/fuzz/bin), OFFSTAGE_FUZZ_SECONDS how long each goes on (default 5). What it finds is kept in
build/fuzz/found, so that the next run begins where this one ended; so is an input that breaks a promise, whose path is told.
"""
from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

FUZZ = Path(__file__).resolve().parent
BUILD = FUZZ.parents[1] / "build" / "fuzz"
PROGRAMS = Path(os.environ.get("OFFSTAGE_FUZZ_BIN", BUILD / "bin"))
SECONDS = int(os.environ.get("OFFSTAGE_FUZZ_SECONDS", "5"))


@pytest.mark.parametrize("target", sorted(source.stem for source in FUZZ.glob("*.cc")))
def test_no_input_breaks_what_is_promised(target: str) -> None:
    seeds = FUZZ / "corpus" / target
    assert list(seeds.iterdir()), "a target has seeds"
    found = BUILD / "found" / target
    found.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={SECONDS}", "-max_len=8192", "-timeout=30", f"-artifact_prefix={found.parent}/{target}-"]
    done = subprocess.run([PROGRAMS / f"fuzz_{target}", *options, found, seeds], capture_output=True, text=True, errors="replace", timeout=SECONDS + 300)
    assert done.returncode == 0, done.stderr[-4000:]


def test_every_corpus_has_a_target() -> None:
    assert {folder.name for folder in (FUZZ / "corpus").iterdir()} == {source.stem for source in FUZZ.glob("*.cc")}
