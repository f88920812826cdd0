"""What an answer that never came tells: of the network nothing, of the target only if it insists.

A connection that broke off once is an accident, and no accident may accuse the target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.evidence.answer import Transport
from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.evidence.answer import Answer

REPEATS = 2
"""How often a request is sent again before its missing answer counts as the target's own."""
_NEVER_SENT = frozenset(
    {Transport.REFUSED, Transport.UNREACHABLE, Transport.UNTRUSTED, Transport.NO_TLS}
)
_BROKEN_OFF = frozenset({Transport.RESET, Transport.CUT})


def require_habit(
    answer: Answer, again: Callable[[], Answer] | None, knock: Callable[[], Answer]
) -> None:
    """Return if the target itself keeps this answer back: each time, while it answers others.

    ``again`` sends the request once more (None where that would have effects), ``knock`` sends one
    that is known to be answered. Raises NotEstablishedError for what may be an accident. Time-outs
    and what is no HTTP are the target's own words, or its silence.
    """
    if answer.transport in _NEVER_SENT:
        raise NotEstablishedError(f"the target can be reached no more: {answer}")
    if answer.transport not in _BROKEN_OFF:
        return
    if again is None:
        raise NotEstablishedError(f"an answer was lost, and asking again has effects: {answer}")
    for _ in range(REPEATS):
        repeated = again()
        if repeated.transport not in _BROKEN_OFF:
            raise NotEstablishedError(
                f"an answer was lost ({answer}); asked again, the target gave it: {repeated}"
            )
    if (found := knock()).transport is not Transport.ANSWERED:
        raise NotEstablishedError(f"the target has stopped answering: {found}")
