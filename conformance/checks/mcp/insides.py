"""MCP, continued: what is said of a message that cannot be understood."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.checks.mcp._common import eras
from conformance.checks.mcp.protocol import TRACES
from conformance.forge.requests import opening
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys
    from conformance.forge.requests import Request


def spoilt(good: Request) -> dict[str, Request]:
    """Return what a parser, or whoever reads its result, stumbles over, each once."""
    body = good.body or b""
    message: dict[str, Any] = json.loads(body)
    bodies: dict[str, Any] = {
        "params that are a list": {**message, "params": [1]},
        "params that are text": {**message, "params": "none"},
        "no params": {name: value for name, value in message.items() if name != "params"},
        "an id that is an object": {**message, "id": {"one": 1}},
        "a method that is a number": {**message, "method": 7},
        "a list": [],
        "a number": 7,
    }
    texts = {"truncated JSON": body[:-9], "no JSON": b"hello", "no text": b'"\xff\xfe"'}
    coded = {what: json.dumps(one).encode() for what, one in bodies.items()}
    return {what: good.but(body=spelt) for what, spelt in (texts | coded).items()}


@requirement("MCP-04")
def test_no_error_of_the_protocol_tells_of_the_inside(
    wire: Wire, keys: Keys, discovery: Discovery
) -> None:
    """Each message is the good one spoilt in one way; whatever it is answered holds no stack."""
    for revision in eras(discovery):
        line = wire.derived(revision=revision)
        good = opening(revision)
        establish(line.send(good, key=keys.b.active).succeeded, f"{revision}: the good one works")
        for what, request in spoilt(good).items():
            answer = line.send(request, key=keys.b.active)
            told = [name for name, trace in TRACES.items() if trace.search(answer.text)]
            assert not told, f"{revision}: {what} was answered with {', '.join(told)}: {answer}"
