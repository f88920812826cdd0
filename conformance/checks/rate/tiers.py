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
def test_each_tier_has_the_requests_that_are_declared(
    exhaustion: Exhaustion, callers: Callers, target: Target
) -> None:
    """One request more than a tier has, from enough addresses: the last one alone is refused."""
    base, window = target.limits.tenant_requests, target.limits.tenant_window_seconds
    for name, rated in target.policy.rates.items():
        credential = callers.of(name, rated).credential

        exhaustion.pass_windows()
        answers = exhaustion.measured(
            partial(exhaustion.spend, credential, rated.requests + 1), rated.requests, window
        )[-1]
        *within, last = answers
        establish(are_counted(within), f"requests of {name} are served, or limited")
        refused = [number for number, one in enumerate(within, 1) if one.status == LIMITED]
        assert not refused, (
            f"request {min(refused)} of {name} was refused, which may send {rated.requests} "
            f"(the base is {base})"
        )
        require_one_window(answers, window)
        assert last.status == LIMITED, (
            f"request {len(answers)} of {name}, which may send {rated.requests} (the base is "
            f"{base}), was answered {last}"
        )


@requirement("RATE-10")
def test_a_tier_at_its_limit_costs_the_others_of_its_tenant_nothing(
    exhaustion: Exhaustion, callers: Callers, target: Target
) -> None:
    """The one with the fewest requests has none left: a key of the same tenant is served."""
    name, rated = min(target.policy.rates.items(), key=lambda pair: pair[1].requests)
    credential = callers.of(name, rated).credential
    key = exhaustion.fresh_key()
    last = exhaustion.spend(credential, rated.requests + 1)[-1]
    establish(last.status == LIMITED, f"{name} is at its limit (got {last})")
    answer = exhaustion.knock(key)
    assert answer.succeeded, f"with {name} at its limit, a key of its tenant was answered {answer}"
