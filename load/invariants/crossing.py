"""No answer holds what is another tenant's."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from conformance.model import Channel
from load.invariants.ruling import Ruling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from load.ledger import Observation

CROSSING = "no answer holds what is another tenant's"
_NEEDS = f"canaries, and {Channel.DATA_TOOL.supplied_by}"


def nothing_crosses(observations: Sequence[Observation]) -> Ruling:
    """Rule on what answers held of someone else's.

    It passes only where both tenants saw their own canary: data that nobody gets cannot cross.
    """
    faults = [f"{one.label} held {', '.join(one.foreign)}" for one in observations if one.foreign]
    if faults:
        return Ruling.failed(CROSSING, faults)
    own = Counter(one.tenant for one in observations if one.shows_own_canary)
    if len(own) < len("ab"):
        reason = "not both tenants saw their own canary, so none could be seen crossing"
        return Ruling.unseen(CROSSING, f"{reason}; it takes {_NEEDS}")
    searched = sum(one.is_answered for one in observations)
    seen = f"own canary seen {own['a']} times by a, {own['b']} by b"
    return Ruling.passed(CROSSING, f"{searched} answers searched; {seen}")
