"""RLS, continued: what a caller is listed, it can use."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from conformance.channels.http.lists import takes_nothing
from conformance.channels.http.offers import Offers
from conformance.checks.rls._offers import is_the_owners, read, render
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys, TenantKeys

    Ask = Callable[[TenantKeys], Answer]

AT_AN_END = 4
"""Entries of the beginning of a list that are used, and as many of its end: pages may differ."""


@requirement("RLS-15")
def test_what_is_listed_can_be_used(wire: Wire, keys: Keys) -> None:
    """Where each is listed what only the other can use, it is listed what is the other's.

    What only one of them can use may be of a higher tier, and offered to both.
    """
    offers = Offers(wire, keys)
    kinds = {"resources": resources(offers), "prompts": prompts(offers)}
    if not any(kinds.values()):
        raise NotApplicableError("no prompt or resource is offered to both tenants alike")
    for kind, asks in kinds.items():
        only: list[str] = []
        for owner, other in offers.pairs():
            foreign = (name for name, ask in asks.items() if is_the_owners(ask, owner, other))
            only.append(next(foreign, ""))
        assert not all(only), (
            f"each tenant is listed {kind} that only the other can use: {only[0]} and {only[1]}"
        )


def ends(names: list[str]) -> list[str]:
    """Return the first and the last of some names."""
    return names if len(names) <= 2 * AT_AN_END else [*names[:AT_AN_END], *names[-AT_AN_END:]]


def resources(offers: Offers) -> dict[str, Ask]:
    """Return how to read what both are listed, by its URI."""
    others = set(offers.uris(offers.keys.b))
    shared = [uri for uri in offers.uris(offers.keys.a) if uri in others]
    return {uri: partial(read, offers, uri) for uri in ends(shared)}


def prompts(offers: Offers) -> dict[str, Ask]:
    """Return how to get the prompts without arguments that both are listed, by their names."""
    found = [
        [str(one["name"]) for one in offers.prompts(tenant) if takes_nothing(one)]
        for tenant, _ in offers.pairs()
    ]
    shared = [name for name in found[0] if name in set(found[1])]
    return {name: partial(render, offers, name) for name in ends(shared)}
