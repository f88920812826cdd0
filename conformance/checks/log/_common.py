"""How the lines of some requests are found in a log, with a request id and without."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from conformance.forge.guise import current, in_guise
from conformance.forge.requests import Request
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.channels.log import LogStream
    from conformance.channels.source import Mark


def told_since(mark: Mark, log: LogStream, wire: Wire, last: Answer, key: str) -> tuple[str, str]:
    """Return what was logged since a mark, and the sign of a request that stands in it.

    The sign is the id that the target gave the last one. Where it gives none, or writes nothing of
    a request like that one, another follows with a sign of ours in its path and agent: a log tells
    of requests in the order they came. At last any answer's id is a sign: some targets write of
    failures alone. It is empty where nothing in the log tells of any request, so that what is
    absent shows nothing.
    """
    id_header = wire.target.headers.request_id
    sign = last.header(id_header) or ""
    if not sign or sign not in (text := log.until(mark, sign)):
        sign = secrets.token_hex(8)
        agent = ("User-Agent", f"{current().agent} {sign}")
        wire.send(Request("GET", f"/{sign}", (agent,)), key=key)
        text = log.until(mark, sign)
    signs = (sign, *wire.transcript.told(id_header))
    return text, next((one for one in signs if one in text), "")


def fail_calls(wire: Wire, key: str) -> None:
    """Make calls with a key that fail: what is written of a failure is often the whole request."""
    tools = wire.target.tools
    wire.call_tool(in_guise("hallmark-nothing"), {}, key=key)
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
        f"{wire.target.headers.request_id} of any answer nor a path or agent of ours; give, by the "
        "profile's [channels.log], the log that has a line for each request",
    )
