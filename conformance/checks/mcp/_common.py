"""What the checks of MCP share: the revisions a target speaks, and conversations in them."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from conformance.forge.requests import SESSION_REVISIONS, STATELESS, opening, rpc
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.wire import Wire
    from conformance.forge.requests import Request


def spoken(discovery: Discovery) -> tuple[str, ...]:
    """Return the revisions found; the check is inconclusive where there are none."""
    establish(discovery.revisions, "the target speaks a known protocol revision with the key")
    return discovery.revisions


def eras(discovery: Discovery) -> tuple[str, ...]:
    """Return one revision of each era the target speaks: the newest with sessions, and without."""
    spoken(discovery)
    return discovery.eras


def a_session_revision(discovery: Discovery) -> str:
    """Return a revision that has sessions. Raises NotAssessedError where there is none."""
    found = [name for name in discovery.revisions if name in SESSION_REVISIONS]
    if not found:
        raise NotAssessedError("the target speaks no revision that has sessions")
    return found[0]


def opened(line: Wire, key: str) -> str:
    """Open a session and return its id. Raises NotAssessedError where there are none."""
    answer, session = line.open_session(key)
    establish(answer.succeeded, f"a session can be opened (got {answer})")
    if session is None:
        raise NotAssessedError("the target opens no sessions")
    return session


class Conversation:
    """A conversation in one revision, in a session where the target has any.

    ``key`` is None where the target asks for none. Requests can be had before they are sent.
    """

    def __init__(self, line: Wire, key: str | None) -> None:
        self._line, self._key = line, key
        self._session: str | None = None
        self._number = 1

    def open(self) -> Answer:
        """Open it, in the revisions with sessions to the last step; return the first answer."""
        if self._line.revision == STATELESS:
            return self.send(opening(STATELESS))
        if self._key is not None:
            answer, self._session = self._line.open_session(self._key)
            return answer
        answer = self.send(opening(self._line.revision))
        self._session = answer.header("mcp-session-id")
        if answer.succeeded:
            self.send(self.request("notifications/initialized", is_call=False))
        return answer

    def request(
        self, method: str, params: dict[str, Any] | None = None, *, is_call: bool = True
    ) -> Request:
        """Return a request with an id of its own; a notification where it is no call."""
        self._number += 1
        return rpc(
            method,
            params,
            revision=self._line.revision,
            session=self._session,
            message_id=self._number if is_call else None,
        )

    def listing(self) -> Request:
        """Return a request for a list that the target announces."""
        return self.request(self._line.listing)

    def send(self, request: Request) -> Answer:
        """Send a request of this conversation."""
        return self._line.send(request, key=self._key, is_guarded=self._key is not None)

    def ask(self, method: str, params: dict[str, Any] | None = None) -> Answer:
        """Make one call."""
        return self.send(self.request(method, params))


class LastingConversation(Conversation):
    """A conversation that goes on in another session where the target has ended its own.

    A server may end one in which it was asked amiss, and answers what comes after it as nobody's.
    """

    def send(self, request: Request) -> Answer:
        """Send a request of this conversation, again where it came too late for its session."""
        answer = super().send(self._in_session(request))
        if not self._has_ended(answer):
            return answer
        begun = self.open()
        establish(begun.succeeded, f"another session can be opened (got {begun})")
        return super().send(self._in_session(request))

    def _has_ended(self, answer: Answer) -> bool:
        if self._session is None or answer.status != HTTPStatus.NOT_FOUND:
            return False
        return super().send(self.listing()).status == HTTPStatus.NOT_FOUND

    def _in_session(self, request: Request) -> Request:
        return request.with_header("Mcp-Session-Id", self._session) if self._session else request
