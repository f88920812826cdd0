"""What the checks of MCP share: the revisions a target speaks, and a session that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.forge.requests import SESSION_REVISIONS
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.wire import Wire


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
