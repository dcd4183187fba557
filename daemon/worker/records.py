# SPDX-License-Identifier: GPL-3.0-or-later
"""Outcome and exit record: files that are there whole or not at all, and that show when they are not what was written.

One line with kind, version, length and SHA-256, then JSON. Written beside its place (O_EXCL) and renamed into it. No fsync: what a power cut takes
with it is the attempt's end, and the attempt itself went with the machine.
"""

import hashlib
import json
import os
from typing import Any

VERSION = 1
OUTCOME, EXIT = "outcome", "exit"
_NAMES = {OUTCOME: "OFFSTAGE-OUTCOME", EXIT: "OFFSTAGE-EXIT"}


class Invalid(Exception):
    """A file that is no whole record."""


def encode(kind: str, record: dict[str, Any]) -> bytes:
    text = json.dumps(record, separators=(",", ":")).encode()
    return f"{_NAMES[kind]} {VERSION} {len(text)} {hashlib.sha256(text).hexdigest()}\n".encode() + text


def decode(kind: str, data: bytes) -> dict[str, Any]:
    head, newline, text = data.partition(b"\n")
    fields = head.decode("ascii", "replace").split(" ")
    if not newline or len(fields) != 4 or fields[0] != _NAMES[kind]:
        raise Invalid(f"no {kind} record")
    if fields[1] != str(VERSION):
        raise Invalid(f"{kind} record of version {fields[1]}; version {VERSION} is understood")
    if fields[2] != str(len(text)) or fields[3] != hashlib.sha256(text).hexdigest():
        raise Invalid(f"{kind} record is damaged")
    return json.loads(text)


def write(folder: str, kind: str, record: dict[str, Any]) -> None:
    """Puts the record into place. A leftover of an earlier try of this very attempt's writer is replaced."""
    place, draft = os.path.join(folder, kind), os.path.join(folder, kind + ".tmp")
    if os.path.lexists(draft):
        os.unlink(draft)
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        data = encode(kind, record)
        while data:
            data = data[os.write(fd, data):]
    finally:
        os.close(fd)
    os.rename(draft, place)


def read(folder: str, kind: str) -> dict[str, Any]:
    with open(os.path.join(folder, kind), "rb") as file:
        return decode(kind, file.read())
