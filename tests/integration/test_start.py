# SPDX-License-Identifier: Apache-2.0
"""Starting: once per user, in safe places, with options that are understood; every refusal says what to do."""
from __future__ import annotations

import os
import signal
import socket
import sqlite3
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.harness import ROOT, alive, wait_for
from support.jobs import Jobs


def serve(jobs: Jobs, *args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """offstaged in the foreground, where it is expected to refuse."""
    return subprocess.run([jobs.daemon.binary, *args], env={**jobs.daemon.env, **(env or {})}, capture_output=True, text=True, timeout=30)


def socket_path(jobs: Jobs) -> Path:
    return jobs.daemon.runtime / "offstage" / "offstaged.sock"


def test_start_twice_is_start_once(daemon: Jobs) -> None:
    pid = daemon.daemon.pid
    daemon.daemon.start()
    assert daemon.daemon.pid == pid


def test_a_second_daemon_is_refused_and_names_the_first_one_s_pid(daemon: Jobs) -> None:
    done = serve(daemon)
    assert done.returncode == 1
    assert str(daemon.daemon.pid) in done.stderr and "hint" in done.stderr
    assert daemon.ok("run", daemon.script("pass")) == "null\n"


def test_a_second_daemon_with_another_state_folder_does_not_take_the_socket(daemon: Jobs, tmp_path: Path) -> None:
    done = serve(daemon, env={"XDG_STATE_HOME": str(tmp_path / "other")})
    assert done.returncode == 1 and str(daemon.daemon.pid) in done.stderr
    assert daemon.ok("run", daemon.script("pass")) == "null\n"


def test_a_second_daemon_with_another_socket_does_not_take_the_state(daemon: Jobs) -> None:
    with_short_path = daemon.daemon.runtime / "second"
    with_short_path.mkdir(mode=0o700)
    done = serve(daemon, env={"XDG_RUNTIME_DIR": str(with_short_path)})
    assert done.returncode == 1 and str(daemon.daemon.pid) in done.stderr


def test_two_daemons_with_folders_of_their_own_know_nothing_of_each_other(make_daemon: Callable[..., Jobs]) -> None:
    one, two = make_daemon(name="one"), make_daemon(name="two")
    one.daemon.start()
    two.daemon.start()
    job = one.submit("pass")
    assert one.wait_end(job)["state"] == "SUCCEEDED"
    assert two.run("show", job).returncode == 4
    two.ok("daemon", "stop", "--now")
    assert one.ok("run", one.script("pass")) == "null\n"


def test_folders_and_sockets_are_for_their_owner_alone(daemon: Jobs) -> None:
    daemon.ok("run", daemon.script("pass"))
    assert stat.S_IMODE(socket_path(daemon).stat().st_mode) == 0o600
    assert stat.S_IMODE((socket_path(daemon).parent / "workers.sock").stat().st_mode) == 0o600
    assert stat.S_IMODE(socket_path(daemon).parent.stat().st_mode) == 0o700
    state = Path(daemon.json("status")["state_dir"])
    for path in [state, *state.rglob("*")]:
        if not path.is_symlink(): assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.mark.parametrize("which", ["runtime", "state"])
def test_a_folder_that_is_open_to_others_is_refused(make_daemon: Callable[..., Jobs], which: str) -> None:
    jobs = make_daemon()
    jobs.daemon.start()
    folder = socket_path(jobs).parent if which == "runtime" else Path(jobs.json("status")["state_dir"])
    jobs.ok("daemon", "stop", "--now")
    folder.chmod(0o755)
    done = serve(jobs)
    assert done.returncode == 1 and str(folder) in done.stderr and "chmod 700" in done.stderr


def test_the_command_line_too_refuses_a_folder_that_is_open_to_others(daemon: Jobs) -> None:
    socket_path(daemon).parent.chmod(0o755)
    done = daemon.run("status")
    assert done.returncode != 0 and str(socket_path(daemon).parent) in done.stderr
    socket_path(daemon).parent.chmod(0o700)
    daemon.ok("status")


def test_a_link_in_the_runtime_folder_s_place_is_refused(make_daemon: Callable[..., Jobs], tmp_path: Path) -> None:
    jobs = make_daemon()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    socket_path(jobs).parent.symlink_to(tmp_path / "elsewhere")
    done = serve(jobs)
    assert done.returncode == 1 and "link" in done.stderr


def test_a_folder_of_somebody_else_is_refused(make_daemon: Callable[..., Jobs]) -> None:
    """/proc/1 belongs to root, or, in our own name, the folder is given away: one of the two can always be had."""
    jobs = make_daemon()
    folder = jobs.daemon.runtime / "theirs"
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0: os.chown(folder, 12345, 12345)
    else: folder = Path("/")
    done = serve(jobs, "--runtime-dir", str(folder))
    assert done.returncode == 1 and "belongs to uid" in done.stderr


def test_a_socket_path_that_is_too_long_is_refused_by_both_sides(make_daemon: Callable[..., Jobs], tmp_path: Path) -> None:
    jobs = make_daemon()
    long = tmp_path / ("x" * 120)
    long.mkdir(mode=0o700)
    done = serve(jobs, env={"XDG_RUNTIME_DIR": str(long)})
    assert done.returncode == 1 and "107" in done.stderr and "XDG_RUNTIME_DIR" in done.stderr
    asked = subprocess.run([jobs.daemon.cli, "status"], env={**jobs.daemon.env, "XDG_RUNTIME_DIR": str(long)}, capture_output=True, text=True, timeout=30)
    assert asked.returncode != 0 and "107" in asked.stderr


def test_a_stale_socket_is_removed(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon()
    socket_path(jobs).parent.mkdir(mode=0o700)
    for name in ("offstaged.sock", "workers.sock"):
        with socket.socket(socket.AF_UNIX) as dead: dead.bind(str(socket_path(jobs).parent / name))
        (socket_path(jobs).parent / name).chmod(0o600)
    jobs.daemon.start()
    assert jobs.ok("run", jobs.script("pass")) == "null\n"


def test_with_a_stale_socket_alone_there_is_no_daemon(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon()
    socket_path(jobs).parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as dead: dead.bind(str(socket_path(jobs)))
    socket_path(jobs).chmod(0o600)
    assert jobs.run("status").returncode == 3
    assert jobs.run("list").returncode == 3


def test_a_file_in_the_socket_s_place_is_left_alone(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon()
    socket_path(jobs).parent.mkdir(mode=0o700)
    socket_path(jobs).write_text("precious")
    assert serve(jobs).returncode == 1
    assert socket_path(jobs).read_text() == "precious"


def test_without_a_runtime_folder_a_private_one_is_made_below_the_temp_folder(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon()
    del jobs.daemon.env["XDG_RUNTIME_DIR"]
    jobs.daemon.env["TMPDIR"] = str(jobs.daemon.runtime)
    jobs.daemon.start()
    try:
        folder = jobs.daemon.runtime / f"offstage-{os.geteuid()}"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700 and (folder / "offstaged.sock").is_socket()
        assert jobs.ok("run", jobs.script("pass")) == "null\n"
    finally:
        jobs.run("daemon", "stop", "--now")


def test_run_and_warm_start_a_daemon_and_say_so(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon()
    done = jobs.run("run", jobs.script("pass"))
    assert done.returncode == 0 and done.stdout == "null\n"
    assert "start" in done.stderr
    pid = jobs.daemon.pid
    jobs.ok("daemon", "stop")
    assert not alive(pid) and jobs.daemon.processes() == []
    released = jobs.run("warm", "--release", "/nowhere/x.blend")
    assert released.returncode != 0 and "no daemon is running" in released.stderr
    warmed = jobs.run("warm", "/nowhere/x.blend")
    assert "started the daemon" in warmed.stderr and "/nowhere/x.blend does not exist" in warmed.stderr


def test_a_place_that_cannot_be_written_is_refused(make_daemon: Callable[..., Jobs]) -> None:
    done = serve(make_daemon(), env={"XDG_STATE_HOME": "/proc/1/nowhere"})
    assert done.returncode == 1 and "/proc/1/nowhere" in done.stderr and "hint" in done.stderr


def test_a_database_from_the_future_is_refused(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon()
    jobs.daemon.start()
    state = Path(jobs.json("status")["state_dir"])
    jobs.ok("daemon", "stop", "--now")
    database = next(path for path in state.iterdir() if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3")
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA user_version = 9999")
    connection.commit()
    connection.close()
    done = serve(jobs)
    assert done.returncode == 1 and "newer" in done.stderr


def test_below_the_low_water_mark_new_jobs_are_refused_and_old_ones_are_there(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon()
    jobs.daemon.start()
    job = jobs.submit("pass", "--hold")
    jobs.ok("daemon", "stop", "--now")
    jobs.daemon.config.write_text(jobs.daemon.config.read_text() + 'low_water = "900TiB"\n')
    jobs.daemon.start()
    done = jobs.run("submit", jobs.script("pass"))
    assert done.returncode == 2 and "disk" in done.stderr.lower() and "hint" in done.stderr.lower()
    assert jobs.state(job) == "HELD"


def test_a_bad_option_is_refused_with_its_place(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon("slots = 2\nmax_spare = 3\n")
    done = serve(jobs)
    assert done.returncode == 2 and "max_spares" in done.stderr
    line = jobs.daemon.config.read_text().splitlines().index("max_spare = 3") + 1
    assert f"offstage.toml:{line}" in done.stderr
    assert serve(jobs, "--check-config").returncode == 2
    started = jobs.run("daemon", "start")
    assert started.returncode != 0 and "max_spares" in started.stderr


def test_check_config_shows_what_is_set_and_from_where(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon("slots = 2\n")
    done = serve(jobs, "--check-config", "--max-spares", "3", env={"OFFSTAGE_LOG_LEVEL": "debug"})
    assert done.returncode == 0
    assert "slots = 2" in done.stdout and "offstage.toml:" in done.stdout
    assert "max_spares = 3   (--max-spares)" in done.stdout and "log_level = debug   (OFFSTAGE_LOG_LEVEL)" in done.stdout


def test_the_reference_of_options_is_what_the_program_prints(make_daemon: Callable[..., Jobs]) -> None:
    assert serve(make_daemon(), "--print-options").stdout == (ROOT / "docs/reference/options.md").read_text()


def test_version_is_printed_by_both(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon()
    daemon_version = serve(jobs, "--version").stdout.split()[-1]
    assert daemon_version in jobs.ok("--version")


def test_a_broken_blender_is_reported_and_not_fatal(make_daemon: Callable[..., Jobs], tmp_path: Path) -> None:
    broken = tmp_path / "a folder with spaces" / "blender"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho oops >&2\nexit 1\n")
    broken.chmod(0o755)
    jobs = make_daemon()
    jobs.daemon.config.write_text(jobs.daemon.config.read_text().replace('blenders = [', f'blenders = ["{broken}", "/nowhere/blender", '))
    jobs.daemon.start()
    assert jobs.ok("run", jobs.script("pass")) == "null\n"
    rows = {row["path"]: row for row in jobs.json("blenders")}
    assert str(broken) in rows and "/nowhere/blender" in rows


def test_it_tells_systemd_when_it_serves_and_when_it_stops(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon()
    path = jobs.daemon.runtime / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(path))
        systemd.settimeout(30)
        env = {**jobs.daemon.env, "NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "400000"}
        process = subprocess.Popen([jobs.daemon.binary], env=env, stderr=subprocess.DEVNULL)
        try:
            assert systemd.recv(100).startswith(b"READY=1")
            assert jobs.daemon.pid == process.pid
            assert systemd.recv(100) == b"WATCHDOG=1"
            process.send_signal(signal.SIGTERM)
            while (word := systemd.recv(100)) == b"WATCHDOG=1": pass
            assert word == b"STOPPING=1"
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait()


def test_tcp_is_served_with_certificate_and_token_and_not_without(make_daemon: Callable[..., Jobs], tmp_path: Path) -> None:
    jobs = make_daemon()
    assert serve(jobs, "--make-tls", str(tmp_path / "tls")).returncode == 0
    assert serve(jobs, "--listen", "127.0.0.1:0").returncode == 2
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    tls = tmp_path / "tls"
    jobs.daemon.config.write_text(jobs.daemon.config.read_text() + f'listen = "127.0.0.1:{port}"\ntls_dir = "{tls}"\n')
    jobs.daemon.start()
    with socket.create_connection(("127.0.0.1", port), timeout=10): pass
    assert jobs.ok("run", jobs.script("pass")) == "null\n"


def test_an_idle_daemon_ends_by_sigterm_at_once_with_exit_code_0(make_daemon: Callable[..., Jobs]) -> None:
    jobs = make_daemon()
    process = subprocess.Popen([jobs.daemon.binary], env=jobs.daemon.env, stderr=subprocess.DEVNULL)
    wait_for(lambda: jobs.run("status").returncode == 0)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert not socket_path(jobs).exists() or jobs.run("status").returncode == 3
