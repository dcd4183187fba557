# SPDX-License-Identifier: Apache-2.0
"""The pages of docs/reference say what the programs do. (options.md: test_start.py; exit codes: everywhere.)"""
from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.harness import ROOT, wait_for
from support.jobs import Jobs

PAGES = ROOT / "docs" / "reference"
ROW = re.compile(r"^\| `(\w+)` \| ([\w, ]+) \|", re.MULTILINE)
KINDS = {str: "string", bool: "boolean", int: "number", float: "number", dict: "object", list: "array", type(None): "null"}


def test_the_commands_are_those_of_help_and_the_api_that_of_the_proto_files() -> None:
    done = subprocess.run([sys.executable, ROOT / "scripts" / "make-reference", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# ---- api.md ----

TO_OPERATORS = ("acceptor", "make_tls", "unix_socket", "server")
ANSWERS = [path for path in (ROOT / "daemon" / "api").glob("*.*") if path.stem not in TO_OPERATORS]
ANSWERS += [ROOT / "daemon" / "core" / "engine.cc", ROOT / "daemon" / "core" / "scheduler_requests.cc", ROOT / "daemon" / "pool" / "selector.cc"]
ANSWERS += [ROOT / "daemon" / "store" / name for name in ("blobs.cc", "files.cc", "inputs.cc", "room.cc", "upload.cc")]
ANSWERS += [ROOT / "daemon" / "pool" / "manifest.cc"]
STATUS_ROW = re.compile(r"^\| `([A-Z_]+)` \| ([A-Z_]+) \|", re.MULTILINE)


def reasons_of_the_code() -> set[str]:
    text = re.sub(r"//.*", "", "".join(path.read_text() for path in ANSWERS))
    words = re.findall(r'"([A-Z]+(?:_[A-Z0-9]+)+)"', text) + re.findall(r'Code::\w+,\s*"([A-Z]+)"', text)
    return {word for word in words if not word.startswith("TLS_")}


def api_page() -> str:
    return (PAGES / "api.md").read_text()


def test_the_page_has_each_reason_that_a_call_may_end_with() -> None:
    assert set(dict(STATUS_ROW.findall(api_page()))) == reasons_of_the_code()


def test_what_the_proto_files_say_of_a_call_s_reasons_is_in_the_tables() -> None:
    reasons = dict(STATUS_ROW.findall(api_page()))
    said = 0
    for path in (ROOT / "proto" / "offstage" / "v1").glob("*_service.proto"):
        comments = " ".join(re.findall(r"//(.*)", path.read_text()))
        for status, words in re.findall(r"\b([A-Z_]{5,}): +([A-Z_]{4,}(?:, +[A-Z_]{4,})*)", comments):
            for word in re.split(r", +", words):
                assert reasons[word] == status or (word, status) == ("BLENDER_NOT_FOUND", "NOT_FOUND"), f"{path.name}: {word}"
                said += 1
    assert said > 20


def test_the_page_has_each_reason_for_which_jobs_fail() -> None:
    proto = (ROOT / "proto" / "offstage" / "v1" / "job.proto").read_text()
    table = api_page().split("\n## Why jobs fail")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == [name for name in re.findall(r"^  REASON_(\w+) = ", proto, re.MULTILINE) if name != "UNSPECIFIED"]


def test_the_page_has_the_limits_of_this_daemon(shared: Jobs) -> None:
    table = api_page().split("\n## Limits")[1]
    assert {name: int(value) for name, value in re.findall(r"^\| `(\w+)` \| (\d+) \|", table, re.MULTILINE)} == shared.json("status")["limits"]


# ---- json.md ----


class Page:
    """The tables of json.md, and which of their rows have been seen."""

    def __init__(self, text: str) -> None:
        self.tables = {part.partition("\n")[0]: dict(ROW.findall(part)) for part in text.split("\n## ")[1:]}
        self.seen: set[tuple[str, str]] = set()

    def check(self, title: str, value: dict) -> None:
        rows = self.tables[title]
        assert [key for key in value if key not in rows] == [], f"{title}: keys that the page does not have"
        missing = [key for key, kinds in rows.items() if "optional" not in kinds and key not in value]
        assert missing == [], f"{title}: keys that the page has and the program does not print"
        for key, member in value.items():
            kinds = rows[key].removesuffix(", optional").split(" or ")
            assert kinds == ["any"] or KINDS[type(member)] in kinds, f"{title}: {key} is {member!r}, and the page says {rows[key]}"
            self.seen.add((title, key))

    def check_error(self, error: dict | None) -> None:
        if error is not None:
            self.check("An error", error)
            for frame in error.get("frames", []):
                self.check("A frame", frame)

    def check_job(self, job: dict) -> None:
        self.check("A job", job)
        self.check_error(job["error"])
        for attempt in job["attempts"]:
            self.check("An attempt", attempt)
            self.check_error(attempt["error"])

    def unseen(self) -> set[tuple[str, str]]:
        return {(title, key) for title, rows in self.tables.items() for key in rows} - self.seen


@pytest.fixture(scope="module")
def page() -> Page:
    return Page((PAGES / "json.md").read_text())


def lines(text: str) -> Iterator[dict]:
    return (json.loads(line) for line in text.splitlines())


def test_json_of_jobs(shared: Jobs, page: Page) -> None:
    result = shared.script("import offstage; offstage.progress(0.5, 'half'); offstage.result = [1]")
    page.check_job(json.loads(shared.ok("run", result, "--json", "--label", "shot=010", "--param", "x=1", "--", "argument")))
    for wrong in ("1 / 0", "def f(:", "import sys; sys.exit(3)", "import os; os.kill(os.getpid(), 11)"):
        page.check_job(json.loads(shared.run("run", shared.script(wrong, "wrong.py"), "--json").stdout))
    page.check_job(json.loads(shared.ok("submit", result, "--validate-only", "--json")))
    held = json.loads(shared.ok("submit", result, "--hold", "--json"))
    page.check_job(held)
    for command in ("cancel", "retry", "release", "wait"):
        for job in lines(shared.ok(command, held["id"], "--json")):
            page.check_job(job)
        if command == "cancel":
            wait_for(lambda: shared.state(held["id"]) == "CANCELLED")
    for job in shared.json("list"):
        page.check_job(job)
    for piece in lines(shared.ok("logs", shared.submit("print('a line')"), "-f", "--json")):
        page.check("A piece of a log", piece)
    page.check("A bundle", json.loads(shared.ok("bundle", held["id"], "-o", shared.folder / "bundle.tar.gz", "--json")))
    left = shared.submit("import offstage; open(offstage.out_dir + '/a', 'w').write('a')")
    shared.wait_end(left)
    for file in lines(shared.ok("files", left, "--json")):
        page.check("A result file", file)
    for file in lines(shared.ok("fetch", left, "-o", shared.folder / "fetched", "--json")):
        page.check("A fetched file", file)
    assert shared.ok("result", held["id"], "--json") == "[1]\n"
    assert shared.ok("delete", held["id"], "--json") == ""


def test_json_of_a_watch(shared: Jobs, page: Page) -> None:
    job, gate = shared.gated("--label", "watched=yes")
    watching = shared.popen("watch", "--filter", 'labels.watched = "yes"', "--json")
    assert watching.stdout is not None
    page.check_job(json.loads(watching.stdout.readline()))
    gate.touch()
    shared.wait_end(job)
    moving = shared.submit("import offstage, time\nfor n in range(20): offstage.progress(n / 20); time.sleep(0.1)", "--label", "watched=yes")
    shared.wait_end(moving)
    shared.ok("delete", moving)
    titles = {"progress": "A progress", "deleted": "A deletion"}
    seen = set()
    while "A deletion" not in seen:
        change = json.loads(watching.stdout.readline())
        title = "A job" if "state" in change else titles["deleted" if "deleted" in change else "progress"]
        seen.add(title)
        page.check(title, change)
    assert seen == {"A job", "A progress", "A deletion"}
    watching.terminate()
    watching.communicate(timeout=30)


def test_json_of_the_daemon(make_daemon, page: Page, tmp_path: Path) -> None:
    jobs = make_daemon()
    page.check("The daemon's process", jobs.json("daemon", "start"))
    jobs.ok("run", jobs.script("pass"))
    status = wait_for(lambda: (seen := jobs.json("status"))["zygotes"] and seen)
    page.check("The daemon", status)
    for keeper in status["zygotes"]:
        page.check("A keeper", keeper)
    wait_for(lambda: jobs.json("blenders")[0]["fork"] == "proven", 120)
    blend = jobs.folder / "scene.blend"
    blend.write_bytes(b"BLENDER-v300 FAKE" + bytes(100))
    page.check("A warm scene", jobs.json("warm", str(blend)))
    for _ in range(5):
        jobs.run("run", jobs.script("import os; os.kill(os.getpid(), 11)"), "--isolation", "fork")
    for blender in jobs.json("blenders"):
        page.check("A Blender", blender)
        for breaker in blender["breakers"]:
            page.check("A breaker", breaker)
    for check in jobs.json("doctor"):
        page.check("A check", check)
    (Path(status["state_dir"]) / "attempts" / "of nobody").mkdir()
    for garbage in jobs.json("gc"):
        page.check("Garbage", garbage)
    page.check("A backup", jobs.json("daemon", "backup", str(tmp_path / "backup")))
    page.check("The daemon's process", jobs.json("daemon", "restart"))
    assert jobs.ok("daemon", "stop", "--now", "--json") == ""


def test_every_row_of_the_page_is_printed_by_some_command(page: Page, request: pytest.FixtureRequest) -> None:
    ran = {item.name for item in request.session.items}
    if {"test_json_of_jobs", "test_json_of_a_watch", "test_json_of_the_daemon"} <= ran:
        assert page.unseen() == set()
