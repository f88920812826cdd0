"""Bodies in permitted forms are read; those in hostile ones cost bounded memory."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.channels.http.answer import Answer, Transport
from conformance.channels.http.body import ReplyWatch, UnreadableBodyError, event_data, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator

REPLY: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "result": {"text": "one\u2028two \u00e9"}}
NOTE = {"jsonrpc": "2.0", "method": "note", "params": {"error": "none", "result": "none"}}
MIB = 1 << 20


def stream(end: str) -> bytes:
    """Return an event stream with all that the format allows, in one form of line ends."""
    data = json.dumps(REPLY, indent=1, ensure_ascii=False).split("\n")
    lines = [": hello", "", "id: 1", "data:", "", f"data: {json.dumps(NOTE)}", ""]
    lines += ["event: message", *(f"data:{line}" for line in data), "", ""]
    return end.join(lines).encode()


def cut(text: bytes, size: int) -> Iterator[bytes]:
    """Cut bytes into pieces."""
    return (text[at : at + size] for at in range(0, len(text), size))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@given(size=st.integers(1, 200))
def test_a_reply_in_an_event_stream_is_read_whole_however_it_arrives(end: str, size: int) -> None:
    watch, got = ReplyWatch(), b""
    for chunk in cut(stream(end) + b": nothing more", size):
        got += chunk
        if watch.feed(chunk):
            break
    assert Answer(Transport.ANSWERED, 200, (), got).message == REPLY


def test_a_notification_that_speaks_of_errors_is_no_reply() -> None:
    assert not ReplyWatch().feed(b"data: " + json.dumps(NOTE).encode() + b"\n\n")


def test_an_event_that_was_cut_off_counts() -> None:
    assert event_data('data: {"result":\ndata: {}}') == ['{"result":\n{}}']


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", "deflate", "identity", ""])
@given(body=st.binary(max_size=5000), size=st.integers(1, 600))
def test_a_packed_body_is_unpacked(encoding: str, body: bytes, size: int) -> None:
    pack = {"": bytes, "identity": bytes, "deflate": zlib.compress}.get(encoding, gzip.compress)
    assert b"".join(unpacked(cut(pack(body), size), encoding)) == body


def test_a_bomb_costs_no_more_memory_than_one_piece() -> None:
    bomb = gzip.compress(b" " * (64 * MIB), 1)
    tracemalloc.start()
    longest = max(len(piece) for piece in unpacked([bomb], "gzip"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert longest <= MIB
    assert peak < 4 * MIB


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("br", b"\x0b\x02\x80hello\x03"), ("gzip, gzip", b"x"), ("gzip", b"not packed at all")],
)
def test_what_cannot_be_unpacked_is_told(encoding: str, body: bytes) -> None:
    with pytest.raises(UnreadableBodyError):
        list(unpacked([body], encoding))


def test_an_empty_body_needs_no_unpacking() -> None:
    assert list(unpacked([], "br")) == []


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("7", 7),
        ("Sat, 21 Nov 2026 10:00:07 GMT", 7),
        ("soon", None),
        ("-7", None),
        ("", None),
    ],
)
def test_both_forms_of_retry_after_are_understood(told: str, seconds: int | None) -> None:
    headers = (("Date", "Sat, 21 Nov 2026 10:00:00 GMT"), ("Retry-After", told))
    assert Answer(Transport.ANSWERED, 429, headers).retry_after == seconds


def test_a_date_without_the_answers_own_tells_no_seconds() -> None:
    headers = (("Retry-After", "Sat, 21 Nov 2026 10:00:07 GMT"),)
    assert Answer(Transport.ANSWERED, 429, headers).retry_after is None


def test_what_differs_with_every_answer_does_not_tell_two_apart() -> None:
    first, second = (
        Answer(
            Transport.ANSWERED,
            401,
            (("X-Amzn-Trace-Id", trace), ("Server", "envoy"), ("X-Runtime", f"0.0{trace}")),
            f'{{"error":"unauthorized","timestamp":"2026-11-21T10:00:0{trace}.5Z"}}'.encode(),
        )
        for trace in ("1", "2")
    )
    assert first.visible == second.visible


@pytest.mark.parametrize("body", [b'{"error":"unauthorized"}', b'{"error":"unauthorized","at":1}'])
def test_a_time_in_one_answer_alone_tells_two_apart(body: bytes) -> None:
    timed = b'{"error":"unauthorized","at":"2026-11-21T10:00:01Z"}'
    one, other = (Answer(Transport.ANSWERED, 401, (), text) for text in (timed, body))
    assert one.visible != other.visible
