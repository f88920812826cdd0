"""How the lines of some requests are found in a log, with a request id and without."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from conformance.forge import guise
from conformance.forge.requests import Request
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.channels.log import LogStream
    from conformance.channels.source import Mark


def told_since(mark: Mark, log: LogStream, wire: Wire, last: Answer, key: str) -> tuple[str, str]:
    """Return what was logged since a mark, and the sign of the last request that stands in it.

    The sign is the id that the target gave it. Where it gives none, one more request follows, with
    a sign of ours in its path and agent: a log tells of requests in the order they came. It is
    empty where nothing in the log tells of either, so that what is absent shows nothing.
    """
    sign = last.header(wire.target.headers.request_id)
    if not sign:
        sign = secrets.token_hex(8)
        agent = ("User-Agent", f"{guise.current().agent} {sign}")
        wire.send(Request("GET", f"/{sign}", (agent,)), key=key)
    text = log.until(mark, sign)
    return text, sign if sign in text else ""


def fail_calls(wire: Wire, key: str) -> None:
    """Make calls with a key that fail: what is written of a failure is often the whole request."""
    tools = wire.target.tools
    wire.call_tool(guise.in_guise("hallmark-nothing"), {}, key=key)
    if tool := tools.validated:
        wire.call_tool(tool.name, tool.bad_arguments, key=key)
    if tool := tools.failing:
        wire.call_tool(tool.name, {tool.message_argument: "on purpose"}, key=key)


def require_told(sign: str, wire: Wire) -> None:
    """Raise NotEstablishedError where no line was found that tells of the requests.

    It stands behind an accusation: what was planted and is found needs no other proof.
    """
    establish(
        sign,
        "the log tells of the requests: it holds neither the "
        f"{wire.target.headers.request_id} of an answer nor a path or agent of ours",
    )
