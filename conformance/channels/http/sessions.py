"""Sessions that a check has opened: a server may have room for few, and they are ended with it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.channels.http.answer import DONE
from conformance.forge.requests import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.answer import Answer

SESSION = "Mcp-Session-Id"
_MOST = 500
"""Sessions that are remembered; a check opens as many at most."""


@dataclass(frozen=True)
class OpenSession:
    """A session, at which path it was opened and with which key."""

    id: str
    path: str | None
    revision: str
    key: str | None

    def ending(self) -> Request:
        """Return the request with which a client ends it."""
        headers = ((SESSION, self.id), ("MCP-Protocol-Version", self.revision))
        return Request("DELETE", self.path, headers)


class OpenSessions:
    """What is open of the sessions of one check, the oldest first."""

    def __init__(self) -> None:
        self._open: dict[str, OpenSession] = {}

    def note(self, request: Request, answer: Answer, *, revision: str, key: str | None) -> None:
        """Learn from an exchange that a session was opened, or ended."""
        named = {name.lower(): value for name, value in request.headers}
        mine, told = named.get(SESSION.lower()), answer.header(SESSION)
        if mine is not None and told in {None, mine}:
            known = self._open.get(mine)
            # To anybody else it is as unknown as one that never was.
            if known is not None and known.key == key and is_gone(request, answer):
                self._open.pop(mine, None)  # two requests at once may both learn of its end
            return
        if told and answer.status in DONE and len(self._open) < _MOST:
            self._open.setdefault(told, OpenSession(told, request.path, revision, key))

    def taken(self) -> Iterator[OpenSession]:
        """Yield one after the other, none twice."""
        while self._open:
            yield self._open.pop(next(iter(self._open)))


def is_gone(request: Request, answer: Answer) -> bool:
    """Tell whether a session is no more, by the answer to a request in it."""
    return answer.status == HTTPStatus.NOT_FOUND or (
        request.method == "DELETE" and answer.status in DONE
    )
