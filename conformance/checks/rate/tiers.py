"""RATE, of tiers: who has more requests than the base rate, and who has fewer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from conformance.channels.http.exhaustion import LIMITED, are_counted, require_one_window
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.exhaustion import Exhaustion
    from conformance.channels.http.identities import Callers
    from conformance.profile.target import Target


@requirement("RATE-10")
def test_each_tier_has_the_requests_that_are_declared_and_nobody_elses(
    exhaustion: Exhaustion, callers: Callers, target: Target
) -> None:
    """One request more than a tier has, from enough addresses: the last one alone is refused.

    A key of the same tenant, which is of another tier, is served then as before.
    """
    base, window = target.limits.tenant_requests, target.limits.tenant_window_seconds
    key = exhaustion.fresh_key()
    for name, rated in target.policy.rates.items():
        own = key if rated.tenant == "spare" else None
        credential, most = callers.of(name, rated, own).credential, rated.requests
        exhaustion.pass_windows()
        spend = partial(exhaustion.spend, credential, most + 1)
        answers = exhaustion.measured(spend, most, window)[-1]
        who = f"{name}, which may send {most} (the base is {base})"
        *within, last = answers
        establish(are_counted(within), f"requests of {name} are served, or limited")
        refused = [number for number, one in enumerate(within, 1) if one.status == LIMITED]
        assert not refused, f"request {min(refused)} was refused of {who}"
        require_one_window(answers, window)
        assert last.status == LIMITED, f"request {len(answers)} was answered {last} of {who}"
        answer = exhaustion.knock(key)
        assert answer.succeeded, f"with {name} at its limit, its tenant's key was answered {answer}"
