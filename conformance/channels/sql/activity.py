"""As whom a server works in its database: seen in its sessions while requests are sent.

PostgreSQL shows to whom it may what a session does, and when: to its own role, and to those above.
"""

from __future__ import annotations

import secrets
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from conformance.channels.sql.database import connected_with_a_watch
from conformance.verdicts import NotAssessedError
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from conformance.channels.sql.database import BoundedConnection

ROUNDS = 6
"""How often a request is sent: what somebody else does may fall together with a few of them."""
FEWEST_LOOKS, MORE_LOOKS = 7, 7
"""How often a session is seen as it was before it counts as at rest: what a server does a moment
after its answer is over by then. Drawn anew each time, so that nobody else's rhythm fits."""
REST_SECONDS, RESTLESS_SECONDS = 2.0, 0.8
"""How long it is waited until all are at rest, and where they were not before."""
_PAUSE = 0.05

_SESSIONS = """
    SELECT pid, usename::text,
           concat_ws(' ', backend_start, xact_start, query_start, state_change, state)
      FROM pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend'
       AND pid <> ALL (%s)"""
"""Where a session may not be seen in full, its type is not told either."""

Sessions = dict[int, tuple[str, str]]


@contextmanager
def watching(dsns: Iterable[str]) -> Generator[Activity]:
    """Watch the sessions that the roles of these databases' addresses may see in full."""
    with ExitStack() as stack:
        lines = (connected_with_a_watch(dsn, autocommit=True) for dsn in dsns)
        yield Activity([stack.enter_context(line) for line in lines])


class Activity:
    """The sessions that some roles may see in full, but for those of its own."""

    def __init__(self, lines: Sequence[BoundedConnection]) -> None:
        self._lines, self._rest_seconds = lines, REST_SECONDS

    def roles_during(self, ask: Callable[[], object]) -> list[str]:
        """Return the roles whose sessions rest until something is asked, and work then, each time.

        What a session does by itself, such as asking for news, says nothing of the others of its
        role; a session that is new then may be the next of its kind. Raises NotAssessedError where
        there is no such role.
        """
        found: set[str] | None = None
        for _ in range(ROUNDS):
            before, restless = self._at_rest()
            ask()
            at_work = _at_work(before, self._sessions(), restless)
            found = at_work if found is None else found & at_work
        if not found:
            raise NotAssessedError(
                "no session of the server is seen at work: supply [channels.pool], or let the role "
                "of [channels.owner] or [channels.auditor] see what other sessions do"
            )
        return sorted(found)

    def _sessions(self) -> Sessions:
        own = [line.info.backend_pid for line in self._lines]
        found: Sessions = {}
        for line in self._lines:
            found |= {row[0]: row[1:] for row in line.execute(_SESSIONS, (own,))}
        return found

    def _at_rest(self) -> tuple[Sessions, Sessions]:
        """Return the sessions once all are at rest, or it took too long, and those that are not."""
        looks = FEWEST_LOOKS + secrets.randbelow(MORE_LOOKS)
        seen: list[Sessions] = []

        def is_still() -> bool:
            seen.append(self._sessions())
            return seen[-looks:] == seen[-1:] * looks

        if not wait_for(is_still, self._rest_seconds, _PAUSE):
            self._rest_seconds = RESTLESS_SECONDS
        return seen[-1], {
            pid: session for one in seen[-looks:] for pid, session in _moved(one, seen[-1]).items()
        }


def _moved(before: Sessions, after: Sessions) -> Sessions:
    """Return the sessions that are new, or have done something."""
    return {pid: session for pid, session in after.items() if before.get(pid) != session}


def _at_work(before: Sessions, after: Sessions, restless: Sessions) -> set[str]:
    """Return the roles of sessions that have done something but are not restless.

    Of a role that has restless sessions a new one says nothing.
    """
    roles = {role for role, _ in restless.values()}
    return {
        role
        for pid, (role, _) in _moved(before, after).items()
        if pid not in restless and (pid in before or role not in roles)
    }
