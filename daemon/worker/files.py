# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that a job leaves: all that is regular in out/, listed with size and SHA-256 in the attempt's manifest. No bpy here.

The manifest (`<attempt>/files`, see WIRE.md) grows by a line as soon as a file is announced, so that it can be fetched while the job runs; what else
lies in out/ follows at the end. State lies in the file and not in memory: a process that the script has forked may announce, too.

A line also has what the file looked like to stat() when it was hashed. Whoever finds it look so again knows its content without reading it: the change time
cannot be set, and a change within the very tick of the clock in which it was hashed is ruled out (docs/design/result-files.md).
"""

import errno
import functools
import hashlib
import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .copying import copy_content
from .sealing import Entry, Look, hash_of, in_parallel, look_of, seal, sync_folder

MAX_FILES = 1_000_000
MAX_NAME = 4096
MAX_WARNINGS = 20                        # each; how many more there are is told
_RESERVED = (".values/", ".blocks/")
Warning = dict[str, Any]


_NOTHING = Entry(0, "")


class Unlisted(Exception):
    """A file that cannot be a result; the text says why."""


@dataclass
class _Found:
    """A file in out/ that the manifest does not name as it is now."""
    name: str
    path: str
    entry: Entry = _NOTHING
    error: OSError | None = None


class Files:
    """What is in out/, and the manifest beside it. Any thread."""

    def __init__(self, folder: str) -> None:
        self._out, self._manifest, self._tmp = folder + "/out", folder + "/files", folder + "/tmp"
        self._lock = threading.Lock()
        self._saved = 0

    def save(self, path: Any, name: str | None = None) -> str:
        """Takes a copy of a file into out/, whole or not at all, and announces it. Returns its name there."""
        path = os.path.abspath(os.fsdecode(path))
        inside = path.startswith(self._out + "/")
        name = name if name is not None else os.path.relpath(path, self._out) if inside else os.path.basename(path)
        check_name(name)
        place = f"{self._out}/{name}"
        source = _open_regular(path, follow=not inside)
        try:
            if path == place:
                self.announce(name)
                return name
            draft = self._draft()
            target = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                copy_content(source, target)
                os.fsync(target)
                os.makedirs(os.path.dirname(place), exist_ok=True)
                os.rename(draft, place)
                self._append([_line(name, seal(target))])   # once renamed: that changes its look
            except BaseException:
                if os.path.lexists(draft):
                    os.unlink(draft)
                raise
            finally:
                os.close(target)
        finally:
            os.close(source)
        return name

    def announce(self, name: str) -> None:
        """Lists a file that is whole in out/ already, so that it can be fetched while the job goes on."""
        fd = _open_regular(f"{self._out}/{name}", follow=False)
        try:
            self._append([_line(name, seal(fd))])
        finally:
            os.close(fd)

    def finish(self, warnings: list[Warning]) -> dict[str, Any] | None:
        """Lists and makes durable all that is in out/. What the outcome says of it; None: there is nothing. Raises OSError."""
        listed = self._listed()
        if not listed and not os.listdir(self._out):
            return None
        found, folders, skipped = self.look_of()
        if len(found) > MAX_FILES:
            skipped += [(file.name, f"there are more than {MAX_FILES} files") for file in found[MAX_FILES:]]
            found = found[:MAX_FILES]
        fresh = [file for file in found if not _is_as_listed(file, listed.get(file.name))]
        _seal_all(fresh, folders)
        skipped += [(file.name, os.strerror(file.error.errno or 0)) for file in fresh if file.error]
        bad = {name for name, _ in skipped}
        lines = [_line(file.name, file.entry) for file in fresh if not file.error and listed.get(file.name, (None, None))[:2] != file.entry[:2]]
        here = {file.name for file in found} - bad
        lines += [json.dumps({"name": name, "removed": True}) + "\n" for name in listed if name not in here]
        self._append(lines)
        warnings += _warnings(skipped)
        return self._summary()

    def look_of(self) -> tuple[list[_Found], list[str], list[tuple[str, str]]]:
        """Everything below out/: files that can be listed, folders, and what cannot be listed with the reason."""
        found: list[_Found] = []
        folders, skipped = [self._out], []
        for folder in folders:                   # grows while it is walked
            with os.scandir(folder) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    name = entry.path[len(self._out) + 1:]
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                        continue
                    try:
                        if not entry.is_file(follow_symlinks=False):
                            raise Unlisted(_kind(entry.stat(follow_symlinks=False).st_mode))
                        check_name(name, reserved=True)
                        found.append(_Found(name, entry.path))
                    except ValueError as error:
                        skipped.append((name, str(error)))
                    except Unlisted as error:
                        skipped.append((name, str(error)))
        return found, folders, skipped

    def _listed(self) -> dict[str, Entry]:
        try:
            with open(self._manifest, "rb") as file:
                return dict(read(file.read()))
        except FileNotFoundError:
            return {}

    def _summary(self) -> dict[str, Any]:
        fd = os.open(self._manifest, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.fsync(fd)
            with open(fd, "rb", closefd=False) as file:
                content = file.read()
        finally:
            os.close(fd)
        files = dict(read(content))
        return {"count": len(files), "bytes": sum(entry.size for entry in files.values()), "sha256": hashlib.sha256(content).hexdigest()}

    def _append(self, lines: list[str]) -> None:
        """All of them or, where the disk is full, none."""
        if not lines:
            return
        data = "".join(lines).encode()
        with self._lock:
            fd = os.open(self._manifest, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                before, written = os.fstat(fd).st_size, 0
                try:
                    while written < len(data):
                        written += os.write(fd, data[written:])
                except OSError:
                    os.ftruncate(fd, before)
                    raise
            finally:
                os.close(fd)

    def _draft(self) -> str:
        with self._lock:
            self._saved += 1
            return f"{self._tmp}/.saved-{os.getpid()}-{self._saved}"


def check_name(name: str, reserved: bool = False) -> None:
    """Raises ValueError for what cannot be the name of a result file."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise ValueError("its name is no valid Unicode") from None
    if not name or name.startswith("/") or any(part in ("", ".", "..") for part in name.split("/")):
        raise ValueError(f"{name!r} is no name of a file: a path relative to offstage.out_dir, without '..', is one")
    if "\0" in name or size > MAX_NAME:
        raise ValueError(f"the name of a file has {size} bytes; at most {MAX_NAME}, and no NUL, are possible")
    if not reserved and name.startswith(_RESERVED):
        raise ValueError(f"{name!r}: names that begin with {_RESERVED[0]!r} and {_RESERVED[1]!r} are Offstage's own")


def read(manifest: bytes) -> Iterator[tuple[str, Entry]]:
    """What is listed, as it counts at the end: the last line of a name decides. A line without its end, or that is no line of ours, is none."""
    files: dict[str, Entry] = {}
    for text in manifest.split(b"\n")[:-1]:
        try:
            line = json.loads(text)
            if line.get("removed"):
                files.pop(line["name"], None)
            else:
                look = Look(line["mtime_ns"], line["ctime_ns"], line["inode"]) if "inode" in line else None
                files[line["name"]] = Entry(line["size"], line["sha256"], look)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return iter(files.items())


def _line(name: str, entry: Entry) -> str:
    look = entry.look._asdict() if entry.look else {}
    return json.dumps({"name": name, "size": entry.size, "sha256": entry.sha256, **look}, ensure_ascii=False, separators=(",", ":")) + "\n"


def _open_regular(path: str, follow: bool) -> int:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW))
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode):
        return fd
    os.close(fd)
    raise (IsADirectoryError(errno.EISDIR, "is a folder, and files are saved one by one", path) if stat.S_ISDIR(mode)
           else OSError(errno.EINVAL, f"is {_kind(mode)} and no regular file", path))


def _is_as_listed(file: _Found, entry: Entry | None) -> bool:
    return entry is not None and entry.look is not None and entry.look == look_of(os.lstat(file.path))


def _seal_all(files: list[_Found], folders: list[str]) -> None:
    """Hashes, and makes durable. What is Offstage's own is read where it lies and never by its look: it is hashed while the disk is busy with it."""
    steps: list[Callable[[], None]] = []
    for file in files:
        parts = [_sync, _note] if file.name.startswith(_RESERVED) else [_note_sealed]
        steps += [functools.partial(_on, file, part) for part in parts]
    steps += [functools.partial(sync_folder, folder) for folder in folders]
    in_parallel(steps)
    for file in files:
        if file.error and file.error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise file.error


def _on(file: _Found, step: Callable[[_Found, int], None]) -> None:
    try:
        fd = _open_regular(file.path, follow=False)
        try:
            step(file, fd)
        finally:
            os.close(fd)
    except OSError as error:
        file.error = error


def _sync(file: _Found, fd: int) -> None:
    os.fsync(fd)


def _note(file: _Found, fd: int) -> None:
    digest, size = hash_of(fd)
    file.entry = Entry(size, digest)


def _note_sealed(file: _Found, fd: int) -> None:
    file.entry = seal(fd)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFLNK: "a symbolic link", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    return kinds.get(stat.S_IFMT(mode), "something special")


def _warnings(skipped: list[tuple[str, str]]) -> list[Warning]:
    out = []
    for name, why in skipped[:MAX_WARNINGS]:
        shown = name.encode("utf-8", "backslashreplace").decode()
        out.append({"code": "FILE_SKIPPED", "message": f"{shown} in out_dir is no result file: {why}", "metadata": {"file": shown}})
    if len(skipped) > MAX_WARNINGS:
        out.append({"code": "FILE_SKIPPED", "message": f"{len(skipped) - MAX_WARNINGS} more files in out_dir are no result files", "metadata": {}})
    return out
