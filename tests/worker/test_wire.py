# SPDX-License-Identifier: Apache-2.0
import json
import socket
from pathlib import Path

import pytest
from offstage_worker import wire


def test_messages_come_out_as_they_went_in_however_the_bytes_are_cut():
    messages = [{"t": "hello", "name": "Ä" * 300}, {"t": "go"}, {"t": "idle", "n": 2**80}]
    stream = b"".join(map(wire.encode, messages))
    for step in (1, 3, 7, len(stream)):
        decoder = wire.Decoder()
        assert [message for at in range(0, len(stream), step) for message in decoder.feed(stream[at:at + step])] == messages


@pytest.mark.parametrize("frame", [
    b"\xff\xff\xff\xff", wire.LENGTH.pack(wire.MAX_FRAME + 1), wire.LENGTH.pack(0), wire.LENGTH.pack(2) + b"[]", wire.LENGTH.pack(2) + b"{}",
    wire.LENGTH.pack(7) + b'{"t":1}', wire.LENGTH.pack(3) + b"\xff\xfe!", wire.LENGTH.pack(200000) + b"[" * 200000])
def test_a_frame_that_is_none_breaks_the_connection(frame: bytes):
    with pytest.raises(wire.Broken):
        wire.Decoder().feed(frame)


def test_a_message_that_is_too_long_is_not_sent():
    with pytest.raises(wire.Broken):
        wire.encode({"t": "outcome", "text": "x" * wire.MAX_FRAME})


def test_a_vanished_daemon_is_no_error():
    ours, theirs = socket.socketpair()
    connection = wire.Connection(ours)
    theirs.sendall(wire.encode({"t": "welcome"}) + wire.encode({"t": "go"})[:3])
    theirs.close()
    assert connection.receive() == {"t": "welcome"}
    assert connection.receive() is None


def test_another_message_than_the_one_due_breaks_the_connection():
    ours, theirs = socket.socketpair()
    theirs.sendall(wire.encode({"t": "go"}))
    with pytest.raises(wire.Broken):
        wire.Connection(ours).expect("welcome")


def test_the_schema_names_every_message_of_the_wire():
    folder = Path(wire.__file__).parent
    schema = json.loads((folder / "wire.schema.json").read_text())
    names = {definition["properties"]["t"]["const"] for definition in schema["$defs"].values() if "t" in definition.get("properties", {})}
    text = (folder / "WIRE.md").read_text()
    assert names == {part.split('"')[0] for part in text.split('{"t": "')[1:]}


def test_one_message_is_read_alone_so_that_another_program_finds_the_next() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(wire.encode({"t": "prepare", "text": "x" * 100_000}) + wire.encode({"t": "go"}))
        assert (message := wire.receive_alone(ours)) and len(message["text"]) == 100_000
        assert wire.Connection(ours).receive() == {"t": "go"}


def test_one_message_of_a_daemon_that_has_gone_is_none() -> None:
    for sent in (b"", b"\x05", wire.encode({"t": "prepare"})[:-1]):
        ours, theirs = socket.socketpair()
        with ours:
            theirs.sendall(sent)
            theirs.close()
            assert wire.receive_alone(ours) is None
