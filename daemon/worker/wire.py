# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames on the worker socket: a 4-byte little-endian length and that many bytes of JSON, an object with the key "t". See WIRE.md."""

import json
import os
import socket
import struct
from typing import Any

VERSION = 1
MAX_FRAME = 8 << 20
LENGTH = struct.Struct("<I")
Message = dict[str, Any]


class Broken(Exception):
    """The other side does not speak our language; the connection is of no use any more."""


def encode(message: Message) -> bytes:
    text = json.dumps(message, separators=(",", ":")).encode()
    if len(text) > MAX_FRAME:
        raise Broken(f"a {message['t']} message of {len(text)} bytes; at most {MAX_FRAME} travel")
    return LENGTH.pack(len(text)) + text


def decode(text: bytes) -> Message:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Broken(f"a frame that is no JSON: {error}") from error
    if not isinstance(message, dict) or not isinstance(message.get("t"), str):
        raise Broken("a frame that is no object with a type")
    return message


class Decoder:
    """Bytes in as they come, messages out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        self._buffer += data
        messages = []
        while len(self._buffer) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._buffer)
            if length > MAX_FRAME:
                raise Broken(f"a frame of {length} bytes; at most {MAX_FRAME} are allowed")
            end = LENGTH.size + length
            if len(self._buffer) < end:
                break
            messages.append(decode(bytes(self._buffer[LENGTH.size:end])))
            del self._buffer[:end]
        return messages


def receive_alone(sock: socket.socket) -> Message | None:
    """One message, and not a byte of the next, which another program will read; None: the other side is gone."""
    def exactly(size: int) -> bytes:
        data = b""
        while len(data) < size and (part := sock.recv(size - len(data))):
            data += part
        return data
    try:
        head = exactly(LENGTH.size)
        (length,) = LENGTH.unpack(head) if len(head) == LENGTH.size else (0,)
        if length > MAX_FRAME:
            raise Broken(f"a frame of {length} bytes; at most {MAX_FRAME} are allowed")
        text = exactly(length)
    except ConnectionError:
        return None
    return decode(text) if text and len(text) == length else None


class Connection:
    """A blocking connection to the daemon. `receive` answers None when the other side is gone, however that shows."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._decoder = Decoder()
        self._ready: list[Message] = []

    @classmethod
    def dial(cls, path: str) -> "Connection":
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect(path)
        return cls(sock)

    @classmethod
    def taken_over(cls, fd: int) -> "Connection":
        """Of the program that this process was before."""
        os.set_inheritable(fd, False)
        return cls(socket.socket(fileno=fd))

    def send(self, message: Message) -> None:
        self.sock.sendall(encode(message))

    def receive(self) -> Message | None:
        while not self._ready:
            try:
                data = self.sock.recv(65536)
            except ConnectionError:      # a vanished daemon is this as well as an empty read
                return None
            if not data:
                return None
            self._ready = self._decoder.feed(data)
        return self._ready.pop(0)

    def waiting(self) -> list[Message]:
        """Messages that came in one read with an earlier one; for who goes on reading by itself."""
        ready, self._ready = self._ready, []
        return ready

    def expect(self, kind: str) -> Message | None:
        """The next message, which must be of this kind; None: the other side is gone."""
        message = self.receive()
        if message is not None and message["t"] != kind:
            raise Broken(f"{message['t']!r} came where {kind!r} was due")
        return message
