"""What keeps a judge from waiting, remembering or telling too much, each by itself."""

from __future__ import annotations

import json
import ssl
import time
from typing import TYPE_CHECKING

import httpcore
import httpx
import pytest

from conformance.channels.http.answer import Answer, Transport
from conformance.channels.http.body import parsed
from conformance.channels.http.bounds import (
    MOST_HEAD_BYTES,
    Allowance,
    BoundedStream,
    BoundedTransport,
    within,
)
from conformance.channels.http.transcript import Transcript
from conformance.forge.requests import Request, message_id, opening
from conformance.manners.stalls import Stalls
from conformance.record.writing import as_line
from conformance.selftest.hostile import plays
from conformance.selftest.hostile.certificates import Authority
from conformance.selftest.hostile.line import playing
from conformance.text.redaction import Redactor
from conformance.timing.exchange import Connection, Endpoint, ExchangeError
from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.selftest.hostile.line import Line, Play

SECRET = "key-of-somebody-0123456789-abcdefghij"
ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Hands:
    """A clock that shows what it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def hang(self, stalls: Stalls, seconds: float) -> None:
        """Let a request begin now and hang for so long."""
        started, self.now = self.now, self.now + seconds
        stalls.note(started, has_ended=False)


def test_a_target_that_leaves_requests_hanging_is_given_up() -> None:
    hands = Hands()
    stalls = Stalls(clock=hands)
    hands.hang(stalls, 10)
    assert stalls.allowed(10) == pytest.approx(2)
    hands.hang(stalls, 2)
    with pytest.raises(NotEstablishedError, match="given up: 2 of its requests"):
        stalls.allowed(10)


def test_a_slow_target_and_one_that_hangs_once_in_a_hundred_times_are_not_given_up() -> None:
    hands = Hands()
    stalls = Stalls(clock=hands)
    for _ in range(50):
        for _ in range(99):
            hands.now += 9
            stalls.note(hands.now - 9, has_ended=True)
        hands.hang(stalls, 9)
    assert stalls.allowed(10) == 10


def test_requests_that_hang_at_the_same_time_are_one_loss() -> None:
    hands = Hands()
    stalls = Stalls(clock=hands)
    for _ in range(8):
        hands.now = 1000.0
        hands.hang(stalls, 5)
    assert stalls.allowed(10) == pytest.approx(7)


def test_a_head_may_not_have_more_bytes_than_a_head_may_have() -> None:
    allowance = Allowance(time.monotonic() + 60)
    allowance.count(b"HTTP/".ljust(MOST_HEAD_BYTES))
    with pytest.raises(httpcore.RemoteProtocolError, match="more bytes"):
        allowance.count(b"x")


@pytest.mark.parametrize("pieces", [(b"220 ready",), (b"HT", b"ML"), (b"<",)])
def test_what_is_no_http_is_known_from_its_start(pieces: tuple[bytes, ...]) -> None:
    allowance = Allowance(time.monotonic() + 60)
    for piece in pieces[:-1]:
        allowance.count(piece)
    with pytest.raises(httpcore.RemoteProtocolError, match="begins with"):
        allowance.count(pieces[-1])


def test_an_allowance_without_time_left_is_over() -> None:
    allowance = Allowance(time.monotonic() - 1)
    assert allowance.is_over
    with pytest.raises(httpcore.ReadTimeout):
        allowance.seconds()


@pytest.mark.parametrize("levels", [101, 900, 100_000])
@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"a":', "}")])
def test_json_beyond_all_use_is_no_json(levels: int, left: str, right: str) -> None:
    text = left * levels + "1" + right * levels
    assert parsed(text) is None
    whole = Answer(Transport.ANSWERED, 200, (), f'{{"id":1,"result":{{"x":{text}}}}}'.encode())
    assert not whole.message
    assert not whole.executed
    assert whole.visible[0] == 200


@pytest.mark.parametrize("value", ["{}", "0", '"a"', "[{}]"])
def test_json_of_too_many_values_is_no_json(value: str) -> None:
    assert parsed(f"[{','.join([value] * 60_000)}]") is None
    assert parsed(f"[{','.join([value] * 20_000)}]") is not None


def test_json_of_ordinary_depth_is_read() -> None:
    assert parsed("[" * 60 + "]" * 60) is not None


@pytest.mark.parametrize("told", ["9" * 5000, "\u0663", "+5", "5.0", "0x10"])
def test_what_is_no_count_of_seconds_asks_for_no_wait(told: str) -> None:
    assert Answer(Transport.ANSWERED, 429, (("Retry-After", told),)).retry_after is None


@pytest.mark.parametrize(("own", "succeeded"), [(1, True), (2, False), ("1", False), (None, False)])
def test_only_a_reply_to_this_call_is_a_success(own: object, *, succeeded: bool) -> None:
    asked = message_id(opening("2026-07-28"))
    body = json.dumps({"jsonrpc": "2.0", "id": own, "result": {"a": 1}}).encode()
    assert Answer(Transport.ANSWERED, 200, (), body, asked=asked).succeeded is succeeded


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b'{"id":{}}', b'{"id":null}', b"[" * 70_000])
def test_what_is_no_call_has_no_id(body: bytes) -> None:
    assert message_id(Request(body=body)) is None


@pytest.mark.parametrize("kept", range(13, len(SECRET)))
def test_a_secret_that_lost_its_end_is_still_one(kept: int) -> None:
    redact = Redactor({SECRET: "tenants.a.key"})
    if kept >= 0.4 * len(SECRET):
        assert SECRET[:12] not in redact(f"got 401 '{SECRET[:kept]}'")


@pytest.mark.parametrize("length", range(600, 600 + 2 * len(SECRET), 3))
def test_a_long_text_is_cut_without_leaving_half_a_secret(length: int) -> None:
    redact = Redactor({SECRET: "tenants.a.key"})
    shown = redact.start(SECRET * 50, length)
    assert SECRET[:4] not in shown
    assert "<tenants.a.key>" in shown


def test_a_label_that_reads_like_the_secret_is_put_in_once() -> None:
    assert Redactor({"tenants.a.key-is-secret-": "tenants.a.key-is"})("x tenants.a.key-is-") == (
        "x <tenants.a.key-is>…"
    )


def test_a_transcript_of_many_headers_stays_short_and_tells_no_secret() -> None:
    kept = Transcript(Redactor({SECRET: "tenants.a.key"}))
    headers = tuple((f"X-{SECRET}-{number}", SECRET * 300) for number in range(2000))
    answer = Answer(Transport.ANSWERED, 200, headers, SECRET.encode() * 10_000)
    kept.exchange(Request(), "http://127.0.0.1/", [], answer)
    text = kept.entries()[0]["text"]
    assert SECRET[:12] not in text
    assert len(text) < 20_000
    assert "1960 headers more" in text


@pytest.mark.parametrize(
    ("play", "told"),
    [
        (plays.continue_for_ever, "longer than|not HTTP"),
        (plays.endless_header, "longer than"),
        (plays.endless_body, "longer than"),
        (plays.status_000, "not HTTP/1.1"),
        (plays.http_09, "ended before"),
        (plays.too_long_a_length, "ended before"),
        (plays.reset_in_the_body, "no answer"),
        (plays.hang_up, "ended before"),
    ],
)
def test_the_stopwatch_tells_what_came_instead_of_an_answer(play: Play, told: str) -> None:
    with (
        playing(play) as url,
        Connection(Endpoint.of(url), None) as line,
        pytest.raises(ExchangeError, match=told),
    ):
        line.ask(ASK)


def test_the_stopwatch_waits_no_longer_than_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.timing.exchange.SECONDS", 1.2)
    with playing(plays.drip_head) as url, Connection(Endpoint.of(url), None) as line:
        started = time.monotonic()
        with pytest.raises(ExchangeError):
            line.ask(ASK)
        assert time.monotonic() - started < 3


def test_a_hundred_interim_answers_are_passed_over() -> None:
    def patient(line: Line) -> None:
        line.request()
        line.send(b"HTTP/1.1 102 Processing\r\n\r\n" * 1500)
        line.send(plays.answer(b"401 Unauthorized", b"{}"))
        line.hold()

    with playing(patient) as url, Connection(Endpoint.of(url), None) as line:
        assert line.ask(ASK).status == 401


class Pipe(httpcore.NetworkStream):
    """A connection to a server that refuses a head, and is gone before the body comes."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Take the first, and break off at the second."""
        del timeout
        self.written.append(buffer)
        if len(self.written) > 1:
            raise httpcore.WriteError("the other end is gone")

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the refusal."""
        del max_bytes, timeout
        return b"HTTP/1.1 400 Bad Request\r\n\r\n"


def test_head_and_body_go_out_at_once() -> None:
    """Who closes before he has read all that was sent breaks off, and his last words with it."""
    pipe = Pipe()
    line = BoundedStream(pipe)
    with within(5):
        line.write(b"head")
        line.write(b"body")
        assert not pipe.written
        assert line.read(100).startswith(b"HTTP/1.1 400")
    assert pipe.written == [b"headbody"]


def test_who_is_interrupted_still_finds_the_answer() -> None:
    line = BoundedStream(Pipe())
    with within(5):
        line.write(b"x" * 100_000)
        assert line.read(100).startswith(b"HTTP/1.1 400")


BIG = b"x" * (16 << 20)
REFUSED = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"


def refuses_and_reads_no_more(line: Line) -> None:
    """Answer at the head of a request, and leave the rest where it is."""
    line.head()
    line.send(REFUSED)
    line.hold()


def asks_for_the_body(line: Line) -> None:
    """Send interim answers, and the answer when all was read."""
    line.head()
    line.send(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n")
    line.body(len(BIG))
    line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize(
    ("play", "status"), [(refuses_and_reads_no_more, 413), (asks_for_the_body, 200)]
)
@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "TLS"])
def test_an_answer_is_heard_while_the_request_is_sent(
    play: Play, status: int, *, is_packed: bool, tmp_path: Path
) -> None:
    authority = Authority.new(tmp_path)
    trust = ssl.create_default_context(cafile=authority.file)
    with (
        playing(play, authority.context("in order") if is_packed else None) as url,
        httpx.Client(transport=BoundedTransport(None, trust)) as line,
    ):
        for _ in range(2):  # on a connection that was left half-way, the next would be lost
            with within(15):
                assert line.post(url, content=BIG).status_code == status


@pytest.mark.parametrize(
    "text", ["\x1b[31m\x9b1m\u202eabc\u2028\x7f", "\ud800 alone", "é \U0001f600"]
)
def test_a_line_of_the_record_holds_all_that_was_said_and_obeys_none_of_it(text: str) -> None:
    line = as_line({"seen": text}, Redactor({}))
    assert json.loads(line) == {"seen": text}
    assert line.encode("utf-8")
    assert line.removesuffix("\n").isprintable()
