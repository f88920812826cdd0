"""The benign variants differ from the server in form, really, and in nothing but form."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from reference_server.mutants.bench.registry import all_benign
from reference_server.mutants.benign import forms
from reference_server.mutants.benign.edge import delayed
from reference_server.tests.fakes import World

if TYPE_CHECKING:
    from reference_server.mutants.model import Benign

Messages = list[dict[str, Any]]

TOOL = {"content": [{"type": "text", "text": "{}"}], "structuredContent": {"ok": True}}
CALL = {"jsonrpc": "2.0", "id": 1, "result": TOOL}
TOLD = ((b"ratelimit", b'"global";r=1;t=60'), (b"x-request-id", b"7"))
ANSWERS: dict[str, tuple[int, tuple[tuple[bytes, bytes], ...], Any]] = {
    "a call": (200, TOLD, CALL),
    "a refusal": (401, ((b"www-authenticate", b"ApiKey"),), {"error": "unauthorized"}),
    "a limit": (429, ((b"retry-after", b"7"),), {"error": "rate_limit_exceeded"}),
    "a wrong method": (405, (), {"error": "method_not_allowed"}),
    "a wrong field": (400, (), {"error": "invalid_request", "field": "tenantId"}),
}
EDGES = [
    *forms.VARIANTS,
    *(
        all_benign()[name]
        for name in ("event-streams", "results-say-more", "other-client-errors", "two-challenges")
    ),
]
BODY_IS_ENCODED = {"gzipped", "event-streams"}


async def _application(scope: Any, receive: Any, send: Any) -> None:
    """Answer as the scope says, the body in two parts."""
    del receive
    status, fields, body = ANSWERS[scope["answer"]]
    text = json.dumps(body).encode()
    headers = [*fields, (b"content-type", b"application/json")]
    headers.append((b"content-length", str(len(text)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text[:5], "more_body": True})
    await send({"type": "http.response.body", "body": text[5:]})


async def _open_stream(scope: Any, receive: Any, send: Any) -> None:
    """Begin an event stream and leave it open."""
    del scope, receive
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b": hello\n\n", "more_body": True})


def asked(app: Any, answer: str, method: str = "POST") -> Messages:
    """Return the messages that an application sends."""
    sent: Messages = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"accept", b"application/json, text/event-stream")]
    scope = {"type": "http", "method": method, "path": "/mcp", "headers": headers, "answer": answer}
    asyncio.run(app(scope, None, send))
    return sent


def through(variant: Benign, app: Any) -> Any:
    """Return the application behind the variant's edge."""
    return variant.parts(World().parts()).web.edge(app)


def body_of(messages: Messages) -> bytes:
    """Return the whole body."""
    return b"".join(message["body"] for message in messages[1:])


@pytest.mark.parametrize("variant", EDGES, ids=lambda variant: variant.id)
def test_a_variant_of_form_really_differs(variant: Benign) -> None:
    edge = through(variant, _application)
    different = [
        answer
        for answer in ANSWERS
        if (got := asked(edge, answer))[0] != (plain := asked(_application, answer))[0]
        or body_of(got) != body_of(plain)
        or len(got) > len(plain) + 1
    ]
    assert different or variant.id == "slower-by-50-ms"


@pytest.mark.parametrize("variant", EDGES, ids=lambda variant: variant.id)
@pytest.mark.parametrize("answer", list(ANSWERS))
def test_a_variant_of_form_keeps_what_was_said(variant: Benign, answer: str) -> None:
    """Every error stays what it was, and every answer ends; lengths that are told are right."""
    got = asked(through(variant, _application), answer)
    status, _, said = ANSWERS[answer]
    assert got[0]["status"] // 100 == status // 100
    assert not got[-1].get("more_body", False)
    told = [value for name, value in got[0]["headers"] if name.lower() == b"content-length"]
    assert told in ([], [str(len(body_of(got))).encode()])
    if variant.id not in BODY_IS_ENCODED:
        assert json.loads(body_of(got)).get("error") == said.get("error")


def test_a_packed_answer_can_be_unpacked() -> None:
    got = asked(through(all_benign()["gzipped"], _application), "a call")
    assert json.loads(gzip.decompress(body_of(got))) == CALL


def test_an_event_stream_holds_the_reply_over_several_lines() -> None:
    got = asked(through(all_benign()["event-streams"], _application), "a call")
    events = body_of(got).decode().split("\r\n\r\n")
    data = [line.removeprefix("data:") for line in events[2].split("\r\n") if line[:5] == "data:"]
    assert len(data) > 1
    assert json.loads("\n".join(data)) == CALL


@pytest.mark.parametrize("variant", EDGES, ids=lambda variant: variant.id)
def test_an_open_stream_passes_as_it_is(variant: Benign) -> None:
    """It has no end to wait for."""
    assert asked(through(variant, _open_stream), "", "GET") == asked(_open_stream, "", "GET")


def test_a_slower_answer_delays_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer leaves before all are late: one after the other, the first would wait for ever."""
    together = asyncio.Barrier(8)

    async def wait_for_all(seconds: float) -> None:
        assert seconds == 0.2
        await together.wait()

    edge = delayed(0.2)(World().parts()).web.edge(_application)

    async def all_of_them() -> None:
        async with asyncio.timeout(30):
            await asyncio.gather(*(_ask(edge) for _ in range(8)))

    monkeypatch.setattr(asyncio, "sleep", wait_for_all)
    asyncio.run(all_of_them())


async def _ask(app: Any) -> None:
    async def ignore(message: Any) -> None:
        del message

    await app({"type": "http", "method": "POST", "headers": [], "answer": "a call"}, None, ignore)
