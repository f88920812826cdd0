"""PERM: what everybody reaches once something has been revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.callers import Caller
from conformance.checks.perm._common import (
    Reach,
    admitted,
    established,
    reach_of,
    require_denied,
    weakest,
)
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import establish
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.identities import Callers
    from conformance.channels.http.session_tokens import SessionTokens
    from conformance.checks.perm._common import Call
    from conformance.forge.keys import Keys

ENDED_SECONDS = 5.0
"""Within which what was revoked is refused, or never."""
_MOST_CALLS = 2
"""Calls by which each is tried: what was revoked fails, and failures block an address."""


def _wider(found: dict[str, Caller], before: dict[str, Reach], calls: list[Call]) -> list[str]:
    """Say who reaches more than before."""
    after = {name: reach_of(caller, calls).beyond(before[name]) for name, caller in found.items()}
    return [f"{name} {more}" for name, more in after.items() if more]


def _others(callers: Callers) -> tuple[dict[str, Caller], list[Call]]:
    """Return the weakest callers of the policy, and calls that the first of them may not make."""
    policy, found = callers.target.policy, admitted(callers)
    calls = established(found, callers.target)
    require_denied(calls, found, policy)
    names = weakest(found, calls, policy)
    denied = [one for one in calls if not policy.may(names[0], one.tool)]
    return {name: found[name] for name in names}, denied[:_MOST_CALLS]


@requirement("PERM-07", also_needs=(Channel.SESSION_START, Channel.SESSION_END))
def test_the_end_of_a_session_widens_nothing(
    callers: Callers, session_tokens: SessionTokens, keys: Keys
) -> None:
    """Of two sessions one is ended: afterwards neither reaches more, and nobody else does."""
    found, calls = _others(callers)
    tokens = [session_tokens.begin(keys.active) for _ in range(2)]
    found |= {
        what: Caller(what, token, callers.wire)
        for what, token in zip(("the ended session", "the other session"), tokens, strict=True)
    }
    before = {name: reach_of(caller, calls) for name, caller in found.items()}
    answer = session_tokens.end(tokens[0])
    establish(answer.status < 300, f"a session can be ended (got {answer})")
    wait_for(lambda: not session_tokens.show(tokens[0]).succeeded, ENDED_SECONDS)
    wider = _wider(found, before, calls)
    assert not wider, f"after a session was ended, {'; '.join(wider)}"


@requirement(
    "PERM-07",
    also_needs=(
        Channel.ADMIN,
        Channel.SPARE_TENANT,
        Channel.KEY_CREATION,
        Channel.REVOKE_ROUTE,
    ),
)
def test_the_revocation_of_a_key_widens_nothing(
    callers: Callers, administrator: Administrator
) -> None:
    """Of two keys one is revoked: afterwards neither reaches more, and nobody else does."""
    found, calls = _others(callers)
    key, key_id = administrator.mint_with_id()
    other = administrator.mint()
    found |= {
        "the revoked key": Caller("the revoked key", key, callers.wire),
        "the other key": Caller("the other key", other, callers.wire),
    }
    before = {name: reach_of(caller, calls) for name, caller in found.items()}
    answer = administrator.revoke(key_id)
    establish(answer.status < 300, f"a key can be revoked (got {answer})")
    line = callers.wire.derived(may_be_silent=True)
    wait_for(lambda: not line.knock(key).succeeded, ENDED_SECONDS)
    wider = _wider(found, before, calls)
    assert not wider, f"after a key was revoked, {'; '.join(wider)}"
