"""What an answer that never came tells: of the network nothing, of the target only if it insists.

A connection that broke off once is an accident, and no accident may accuse the target.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.channels.http.answer import Transport
from conformance.manners.courtesy import DECLARE
from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.channels.http.answer import Answer

REPEATS = 2
"""How often a request is sent again before its missing answer counts as the target's own."""
NEVER_SENT = frozenset(
    {Transport.REFUSED, Transport.UNREACHABLE, Transport.UNTRUSTED, Transport.NO_TLS}
)
"""How an exchange ends of which the target has seen nothing."""
_BROKEN_OFF = frozenset({Transport.RESET, Transport.CUT, Transport.GARBAGE})
NO_SERVER = frozenset(
    {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
)
"""What an edge answers in place of a server that it could not reach, or wait for."""


def is_missing(answer: Answer) -> bool:
    """Tell whether an answer tells nothing yet: none came, or the target had no time for it."""
    return answer.transport is not Transport.ANSWERED or answer.status in {
        HTTPStatus.TOO_MANY_REQUESTS,
        *NO_SERVER,
    }


def require_habit(
    answer: Answer,
    again: Callable[[], Answer] | None,
    knock: Callable[[], Answer],
    remedy: str = DECLARE,
) -> None:
    """Return if the target itself keeps this answer back: each time, while it answers others.

    ``again`` sends the request once more (None where that would have effects), ``knock`` sends one
    that is known to be answered, and ``remedy`` keeps a run from a limit. Raises
    NotEstablishedError for what may be an accident, a request that hung and a limit that was met
    among it.
    """
    if answer.transport in NEVER_SENT:
        raise NotEstablishedError(f"the target can be reached no more: {answer}")
    if answer.transport in {Transport.TIMEOUT, Transport.UNREADABLE}:
        raise NotEstablishedError(f"a request had no answer that says anything: {answer}")
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise NotEstablishedError(f"the target limits the judge: {remedy} (got {answer})")
    if again is None:
        raise NotEstablishedError(f"an answer was lost, and asking again has effects: {answer}")
    for _ in range(REPEATS):
        repeated = again()
        if not _is_kept_back(repeated):
            raise NotEstablishedError(
                f"an answer was lost ({answer}); asked again, the target gave it: {repeated}"
            )
    if is_missing(found := knock()):
        raise NotEstablishedError(f"the target has stopped answering: {found}")


def _is_kept_back(answer: Answer) -> bool:
    return answer.transport in _BROKEN_OFF or answer.status in NO_SERVER
