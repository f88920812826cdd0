"""Sessions of one principal, as many as a check wants, from as many addresses as that takes."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.channels.http.sessions import SESSION, OpenSession
from conformance.channels.http.streams import following
from conformance.forge.halves import Halves
from conformance.forge.requests import SESSION_REVISIONS, Request, opening, rpc
from conformance.verdicts import NotApplicableError, establish
from conformance.waiting import gather

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.manners.addresses import AddressPool

AT_ONCE = 8
ROOM = 10
"""Requests of a limit that are left for what else a check asks."""


class Sessions:
    """Sessions of whoever has a ``key``, by a ``line`` that has any; ``opened`` are their ids."""

    def __init__(self, line: Wire, addresses: AddressPool, passage: Passage, key: str) -> None:
        self.line, self.key, self.opened = line, key, list[str]()
        self._addresses, self._passage = addresses, passage
        self._limits = line.target.limits
        self._asked = 0

    def open_many(self, count: int, *, may_wait: bool) -> None:
        """Open so many; fewer where a limit has no room, and its window may not be waited for.

        Raises NotAssessedError where it may, and there is no way to let time pass.
        """
        if may_wait:
            self._rest()
        left = count
        while left > 0:
            if self._room() <= 0:
                if not may_wait:
                    return
                self._rest()
            batch = min(left, self._room())
            left -= batch
            self._open(batch)

    def alive(self, most: int) -> int:
        """Return how many go on: the oldest are asked first, until no more than ``most`` can."""
        alive = len(self.opened)
        for session in self.opened:
            if alive <= most:
                break
            if self._room() <= 0:
                self._rest()
            alive -= not self._goes_on(session)
        return alive

    def leave_none(self) -> None:
        """End what was opened where the target itself would not: the next has no room else."""
        if self.opened and self._goes_on(self.opened[0]):
            self.end_all()

    def end_all(self) -> None:
        """End what was opened, as far as the target lets its client."""
        lines = [self.line.derived(address=self._addresses.fresh()) for _ in range(AT_ONCE)]

        def end(number: int) -> None:
            one = OpenSession(self.opened[number], None, self.line.revision, self.key)
            lines[number % AT_ONCE].send(one.ending(), key=self.key)

        gather(end, range(len(self.opened)), at_once=AT_ONCE)
        self.opened.clear()

    def _goes_on(self, session: str) -> bool:
        line = self._place()
        answer = line.send(in_session(line, session), key=self.key)
        has_ended = answer.status == HTTPStatus.NOT_FOUND
        establish(goes_on(answer) or has_ended, f"a session goes on or has ended (got {answer})")
        return not has_ended

    def _open(self, batch: int) -> None:
        lines = [self.line.derived(address=self._addresses.fresh()) for _ in range(AT_ONCE)]
        request = opening(self.line.revision)
        turns = [lines[number % AT_ONCE] for number in range(batch)]
        answers = gather(lambda line: line.send(request, key=self.key), turns, at_once=AT_ONCE)
        self._asked += batch
        found = [answer.header(SESSION) for answer in answers if answer.succeeded]
        self.opened += [session for session in found if session]

    def _place(self) -> Wire:
        self._asked += 1
        return self.line.derived(address=self._addresses.fresh())

    def _room(self) -> int:
        by_address = AT_ONCE * (self._limits.address_requests - ROOM)
        return min(self._limits.tenant_requests - ROOM - self._asked, by_address)

    def _rest(self) -> None:
        self._passage.of_windows(self._limits)
        self._asked = 0


def begun(wire: Wire, discovery: Discovery, key: str) -> tuple[Wire, str]:
    """Return a line in a revision that has sessions, and one of them.

    Raises NotApplicableError where there are none: they cost nobody anything.
    """
    found = [name for name in discovery.revisions if name in SESSION_REVISIONS]
    if not found:
        raise NotApplicableError("the target speaks no revision that has sessions")
    line = wire.derived(revision=found[0], may_be_silent=True)
    answer, session = line.open_session(key)
    establish(answer.succeeded, f"a session can be opened (got {answer})")
    if session is None:
        raise NotApplicableError("the target opens no sessions")
    return line, session


def in_session(line: Wire, session: str | None) -> Request:
    """Return a request that any session answers."""
    return rpc("ping", revision=line.revision, session=session, message_id=line.message_id(""))


def goes_on(answer: Answer) -> bool:
    """Tell whether a request in a session was answered by it."""
    return answer.status == HTTPStatus.OK and "result" in answer.message


def stream_of(line: Wire, authority: str, key: str, session: str) -> bytes:
    """Return the request for a session's stream, as it goes over the wire."""
    fields = (line.key_header(key),)
    return Halves(following(line, session), authority, line.path_of(key), fields).whole()
