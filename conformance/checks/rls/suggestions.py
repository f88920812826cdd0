"""RLS, continued: what is suggested is its caller's own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from conformance.analysis.alike import difference
from conformance.channels.http.offers import MOST_VALUES, Offers, values_of
from conformance.checks.rls._offers import is_the_owners, tails
from conformance.forge.objects import nobodys_text
from conformance.requirement import requirement
from conformance.text.disguised import shows
from conformance.text.found import is_telling
from conformance.verdicts import NotApplicableError

if TYPE_CHECKING:
    from conformance.channels.http.offers import Place
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys, TenantKeys

FEW = (1, 2, 4)
"""Characters of a beginning that a server may wait for before it suggests anything."""
MOST_USED = 4
"""Values suggested at a place that are used there."""
NO_SUGGESTIONS = "the target completes no argument of a prompt or resource"


@requirement("RLS-15")
def test_suggestions_are_the_callers_own(wire: Wire, keys: Keys) -> None:
    """No beginning, however long, is completed to what only the other tenant has."""
    offers = Offers(wire, keys)
    places = [place for place in offers.places() if completes(offers, place)]
    if not places:
        raise NotApplicableError(NO_SUGGESTIONS)
    for place in places:
        for owner, other in offers.pairs():
            names = private(offers, place, owner, other)
            beginnings = ["", *(name[:length] for name in names for length in (*FEW, len(name)))]
            for beginning in dict.fromkeys(beginnings):
                offered = values_of(offers.suggested(other, place, beginning))
                told = [
                    value
                    for value in offered
                    if value != beginning and (value in names or is_word(owner, value))
                ]
                assert not told, f"{place.words} suggests another tenant's value: {told[0]}"
            for name in [
                one for one in names if not values_of(offers.suggested(other, place, one))
            ]:
                apart = difference(
                    partial(offers.suggested, other, place, name),
                    partial(offers.suggested, other, place, nobodys_text(name)),
                )
                assert not apart, f"{place.words} tells that another tenant has a value: {apart}"


def completes(offers: Offers, place: Place) -> bool:
    """Tell whether either tenant is suggested anything."""
    return any(values_of(offers.suggested(tenant, place)) for tenant, _ in offers.pairs())


def private(offers: Offers, place: Place, owner: TenantKeys, other: TenantKeys) -> list[str]:
    """Return what names objects of one tenant alone, as its resources and suggestions tell."""
    others = values_of(offers.suggested(other, place))
    suggested = [one for one in values_of(offers.suggested(owner, place)) if one not in others]
    ways = (tails(offers.own_uris(owner, other)), suggested)
    telling = [[one for one in way if is_telling(one)][:MOST_VALUES] for way in ways]
    return list(dict.fromkeys(one for way in telling for one in way))


def is_word(owner: TenantKeys, value: str) -> bool:
    """Tell whether a value holds the owner's canary or its id."""
    words = (owner.tenant.canary, owner.tenant_id if is_telling(owner.tenant_id) else None)
    return any(word and shows(word, value) for word in words)


@requirement("RLS-15")
def test_what_is_suggested_can_be_used(wire: Wire, keys: Keys) -> None:
    """Where each is suggested what only the other can use, suggestions are everybody's.

    What only one of them can use may be of a higher tier, and offered to both.
    """
    offers = Offers(wire, keys)
    places = [place for place in offers.places() if completes(offers, place)]
    if not places:
        raise NotApplicableError(NO_SUGGESTIONS)
    known = {
        owner.active: known_elsewhere(offers, places, owner, other)
        for owner, other in offers.pairs()
    }
    for place in places:
        foreign = [
            next(
                (
                    one
                    for one in candidates(offers, place, other, known[owner.active])
                    if is_the_owners(partial(offers.use, place=place, value=one), owner, other)
                ),
                "",
            )
            for owner, other in offers.pairs()
        ]
        assert not all(foreign), (
            f"{place.words} suggests to each tenant what only the other can use: {foreign[0]}"
        )


def known_elsewhere(
    offers: Offers, places: list[Place], owner: TenantKeys, other: TenantKeys
) -> set[str]:
    """Return what names objects of one tenant alone at any place, or in its lists."""
    found = set(tails(offers.own_uris(owner, other)))
    for place in places:
        others = values_of(offers.suggested(other, place))
        found |= {one for one in values_of(offers.suggested(owner, place)) if one not in others}
    return found


def candidates(offers: Offers, place: Place, tenant: TenantKeys, known: set[str]) -> list[str]:
    """Return values that a tenant is suggested, those first that the other is known by."""
    values = values_of(offers.suggested(tenant, place))
    return sorted(values, key=lambda value: value not in known)[:MOST_USED]
