"""How far a caller gets who has no right key: to an opening, or to a call of a tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.forge.requests import STATELESS, rpc, tool_call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.forge.requests import Request

    Claim = Callable[[Request], Request]


@dataclass(frozen=True)
class Reached:
    """What one caller got. ``called`` answers a call of a tool; None where it came to none."""

    opened: Answer
    called: Answer | None = None

    @property
    def ran(self) -> bool:
        """Whether a tool was run."""
        return self.called is not None and self.called.succeeded

    def beyond(self, other: Reached) -> Answer | None:
        """Return the answer by which this caller got further than another; None otherwise."""
        if self.opened.executed and not other.opened.executed:
            return self.opened
        return self.called if self.ran and not other.ran else None


def let_in(line: Wire, requests: Mapping[str, Request]) -> str:
    """Send requests and tell which of them, by what they are, got a result or a session."""
    found = {what: line.send(request) for what, request in requests.items()}
    return "; ".join(f"{what}: {answer}" for what, answer in found.items() if answer.executed)


def claiming(*headers: tuple[str, str]) -> Claim:
    """Return a claim that is made by headers."""

    def claim(request: Request) -> Request:
        for name, value in headers:
            request = request.with_header(name, value)
        return request

    return claim


def reach(wire: Wire, claim: Claim | None = None) -> Reached:
    """Go as far as the target lets a caller go who has a claim, or none, and no right key.

    Some let everybody open a conversation, and ask who it is when a tool is called.
    """
    claim = claim or claiming()
    opened = wire.send(claim(wire.strongest_probe()))
    tools = wire.target.tools
    name = tools.ping or tools.tenant_data
    if not opened.executed or name is None:
        return Reached(opened)
    if wire.revision == STATELESS and tools.ping:
        return Reached(opened, opened)
    session = opened.header("mcp-session-id")
    if wire.revision != STATELESS:
        ready = "notifications/initialized"
        wire.send(claim(rpc(ready, revision=wire.revision, session=session, message_id=None)))
    call = tool_call(name, {}, revision=wire.revision, session=session, message_id=2)
    return Reached(opened, wire.send(claim(call)))
