"""The stage that refuses addresses with too many failed authentications behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.audit.contracts import AuditEvent
from reference_server.core.vocabulary import Access, EventType, Outcome, Reason
from reference_server.web.refusing import refuse_caller, take_as_long

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts


def block_address(context: RequestContext, parts: Parts) -> Response | None:
    """Refuse a blocked address with the 401 of a wrong key, so that a block is not told.

    Liveness is told to everybody: a monitor may share its address with whoever got it blocked. The
    credential is judged all the same, since time would tell of the block otherwise; that ends where
    refusals repeat so often that they are counted, for it would have the database do an attacker's
    work.
    """
    if context.access is Access.LIVENESS or not parts.limits.block.is_blocked(context.site):
        return None
    if context.access is Access.KEY and not parts.repeats.is_counting(context.address):
        take_as_long(context, parts)
    context.events.append(
        AuditEvent(
            EventType.BLOCKED_ADDRESS, Outcome.FAILURE, metadata={"reason": Reason.BLOCKED.value}
        )
    )
    return refuse_caller(context, parts)
