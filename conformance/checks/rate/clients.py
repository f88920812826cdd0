"""RATE: how often a client may ask an authorization server for tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.exhaustion import LIMITED
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.oauth.granting import Grants
    from conformance.manners.addresses import AddressPool

NOTHING = {"grant_type": "urn:ietf:params:oauth:grant-type:none"}
"""A request that no client is given anything for, and in which nobody guesses a credential."""


@requirement("RATE-03-b")
def test_a_client_s_requests_for_tokens_are_limited_and_spend_no_other_client_s(
    grants: Grants, addresses: AddressPool
) -> None:
    """Two clients at one address: when one may ask no more, the other still may, and did before."""
    most = supplied(grants.told.terms.client_requests)
    registrations = grants.registrations
    flooding, other = registrations.registered(), registrations.registered()
    line = grants.wire.derived(address=addresses.fresh(), meets_limits=True)
    here = grants.through(line)
    before = here.asked(other, NOTHING)
    establish(before.status not in {0, LIMITED}, f"a client is answered (got {before})")
    answers = [here.asked(flooding, NOTHING) for _ in range(most)]
    establish(answers[0].status not in {0, LIMITED}, f"a client is answered (got {answers[0]})")
    last, after = here.asked(flooding, NOTHING), here.asked(other, NOTHING)
    assert last.status == LIMITED, (
        f"request {most + 1} of a client to the token endpoint was answered {last}"
    )
    assert after.status != LIMITED, (
        f"once a client had used up its requests, another at its address was answered {after}"
    )
