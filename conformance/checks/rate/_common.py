"""The forms of one request that a limit must not count apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.forge.forwarded import FORWARDED
from conformance.forge.guise import in_guise
from conformance.forge.requests import opening

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire
    from conformance.forge.requests import Request


def spellings(line: Wire) -> dict[str, Request]:
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
