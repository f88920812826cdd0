"""Requests to a limit that is reached: in forms it must not count apart, and as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.answer import NOTHING_THERE
from conformance.channels.http.exhaustion import LIMITED
from conformance.forge.forwarded import FORWARDED
from conformance.forge.guise import in_guise
from conformance.forge.requests import opening
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.exhaustion import Exhaustion
    from conformance.channels.http.wire import Wire
    from conformance.forge.requests import Request


def refused_now(exhaustion: Exhaustion) -> tuple[Wire, str, Answer]:
    """Return the line of an address at its limit, the key it was spent with, and a refusal."""
    line, key = exhaustion.address_at_limit()
    refused = line.knock(key)
    establish(refused.status == LIMITED, "the address limit refuses")
    return line, key, refused


def evasions(line: Wire, key: str | None) -> dict[str, int]:
    """Return the statuses of forms that were not refused on a line at its limit, by their names.

    Where there is no such route or method, nothing is reached that a limit could guard.
    """
    return {
        what: answer.status
        for what, request in _forms(line).items()
        if (answer := line.send(request, key=key)).status not in {LIMITED, *NOTHING_THERE}
        or answer.executed
    }


def _forms(line: Wire) -> dict[str, Request]:
    """Return the opening in whatever form it could be counted by itself, by what differs."""
    good, path = opening(line.revision), line.path
    tries = {name: good.with_header(name, value) for name, value in FORWARDED}
    return tries | {
        "two forwarded-for": good.with_header("X-Forwarded-For", "203.0.113.1, 203.0.113.2"),
        "another agent": good.with_header("User-Agent", in_guise("another client/1.0")),
        "a query": good.but(path=f"{path}?page=2"),
        "upper case": good.but(path=path.upper()),
        "a trailing slash": good.but(path=f"{path}/"),
        "another method": good.but(method="GET"),
    }
