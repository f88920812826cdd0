"""AUTH, continued: what is said of the caller in place of a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.stranger import claiming, reach
from conformance.forge.claims import hearsay, tenant_elsewhere, too_little
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.channels.http.good_case import GoodCase
    from conformance.channels.http.stranger import Claim, Reached
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys

NOBODY = "a-tenant-of-nobody"
_CLOSING = claiming(("Connection", "close"))
_AT_ONCE = 3
"""Claims tried on the connection of a right key: few enough for one address."""


def _fallen_for(line: Wire, plain: Reached, claims: Mapping[str, Claim]) -> str:
    """Tell which claims let a caller in, or further in, than one who says nothing."""
    found = {what: reach(line, claim).beyond(plain) for what, claim in claims.items()}
    return "; ".join(f"{what}: {answer}" for what, answer in found.items() if answer)


def _conclude(plain: Reached, good_case: GoodCase) -> None:
    """Refuse a green verdict where nothing tells a caller without a key from others."""
    establish(
        not plain.opened.executed or plain.called is not None,
        "a request without a key is refused, or there is a tool to call: declare [tools] ping "
        f"(got {plain.opened})",
    )
    good_case.conclude()


def _keys(wire: Wire, keys: Keys) -> dict[str, Claim]:
    headers = wire.target.headers
    found = too_little(headers.api_key, headers.api_key_scheme, keys.active, keys.random())
    return {what: claiming(header) for what, header in found.items()}


def _named(wire: Wire) -> str:
    tenants = wire.target.tenants
    return tenants.a.id if tenants else NOBODY


@requirement("AUTH-17")
def test_the_last_callers_key_is_not_used(
    wire: Wire, keys_or_random: Keys, good_case: GoodCase
) -> None:
    """A key that was right just before is on nobody's request now, on whichever connection."""
    line = wire.derived(may_be_silent=True)
    plain = reach(line)
    assert not plain.ran, f"without a key a call of a tool was carried out: {plain.called}"
    claims = dict(list(_keys(wire, keys_or_random).items())[:_AT_ONCE])
    claims = {"no key": claiming(), **claims}
    after: dict[str, str] = {}
    for what, claim in claims.items():
        good_case.establish()
        if answer := reach(line, claim).beyond(plain):
            after[what] = str(answer)
    reach(line, _CLOSING)
    if answer := reach(line).beyond(plain):
        after["no key on a new connection"] = str(answer)
    assert not after, (
        "after a call with a right key these got what they did not get before: "
        f"{'; '.join(map(': '.join, after.items()))}"
    )
    _conclude(plain, good_case)


@requirement("AUTH-17")
def test_what_is_no_key_counts_as_none(
    wire: Wire, keys_or_random: Keys, good_case: GoodCase
) -> None:
    """Who sends too little is nobody; a server that goes on does so with a key of its own."""
    good_case.establish()
    line = wire.derived(may_be_silent=True)
    plain = reach(line)
    let_in = _fallen_for(line, plain, _keys(wire, keys_or_random))
    assert not let_in, f"these are no right keys, and got a result or a session: {let_in}"
    _conclude(plain, good_case)


@requirement("AUTH-17")
def test_no_word_of_a_proxy_counts_as_a_key(wire: Wire, good_case: GoodCase) -> None:
    """Only what stands before a server may say so, and nothing shows that this request met it."""
    good_case.establish()
    line = wire.derived(may_be_silent=True)
    plain = reach(line)
    claims = {what: claiming(*headers) for what, headers in hearsay(_named(wire)).items()}
    let_in = _fallen_for(line, plain, claims)
    assert not let_in, f"without a key headers that name these got a result or a session: {let_in}"
    _conclude(plain, good_case)


@requirement("AUTH-17")
def test_a_tenants_name_is_no_key(wire: Wire, good_case: GoodCase) -> None:
    """An id is no secret, so whoever names a tenant has shown nothing."""
    good_case.establish()
    line = wire.derived(may_be_silent=True)
    plain = reach(line)
    let_in = _fallen_for(line, plain, tenant_elsewhere(_named(wire), wire.path))
    assert not let_in, f"without a key a tenant named here got a result or a session: {let_in}"
    _conclude(plain, good_case)
