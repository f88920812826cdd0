"""RLS, continued: resources, prompts, suggestions and cursors are their caller's own."""

from __future__ import annotations

import base64
import binascii
import re
from functools import partial
from typing import TYPE_CHECKING

from conformance.analysis.alike import difference
from conformance.channels.http.lists import entries_of, pages, takes_nothing
from conformance.channels.http.offers import (
    MOST_VALUES,
    Offers,
    Place,
    values_in,
    values_of,
)
from conformance.channels.http.own import ids_listed
from conformance.channels.http.wire import SECONDS
from conformance.checks.rls._offers import gives_away, is_looked_up, read, render, tails
from conformance.checks.rls._reading import Reader, at_several_widths
from conformance.forge.objects import nobodys_text
from conformance.forge.requests import LISTED
from conformance.requirement import requirement
from conformance.text.disguised import shows
from conformance.text.found import is_telling
from conformance.verdicts import NotApplicableError, NotEstablishedError, establish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.profile.target import Target

NO_RESOURCES = "no resource is listed to one of the tenants alone"
CODED = re.compile(r"[\w+/-]{16,}={0,2}", re.ASCII)
"""What may be base64."""
MOST_TRIED = 4
"""Values of a tenant's that are tried until one names something."""
NO_PLACES = "neither prompts nor resources take a value of a tenant's own"


@requirement("RLS-15")
def test_anothers_resource_is_read_like_none(wire: Wire, keys: Keys) -> None:
    """What one tenant is listed alone, the other reads as it reads what nobody has."""
    offers = Offers(wire, keys)
    seen = unread = 0
    for owner, other in offers.pairs():
        uris = offers.own_uris(owner, other)
        known = [*offers.uris(owner), *offers.uris(other)]
        for place, uri in enumerate(uris[:MOST_VALUES]):
            own = offers.read(owner, uri)
            if not own.succeeded:
                unread += not own.has_no_method
                continue
            unknown = nobodys_text(uri, known)
            if not is_looked_up(own, uri, offers.read(owner, unknown), unknown):
                continue
            seen += 1
            none = offers.read(other, unknown).text
            for spelt in (uri, *(() if place else respelt(uri))):
                told = gives_away(offers.read(other, spelt), own, owner, known=[uri, none])
                assert not told, f"another tenant reads {spelt}: {told}"
            apart = difference(
                partial(read_beside, offers, other, uri, unknown),
                partial(read_beside, offers, other, unknown, uri),
            )
            assert not apart, f"another tenant's resource and none are told apart: {apart}"
    if not seen and not unread:
        raise NotApplicableError(NO_RESOURCES)
    establish(seen, "a tenant reads a resource that it is listed")


def read_beside(offers: Offers, tenant: TenantKeys, uri: str, beside: str) -> Answer:
    """Read a resource; what two such answers are compared by leaves out both URIs."""
    return offers.read(tenant, uri).without(beside)


def respelt(uri: str) -> Iterator[str]:
    """Yield other spellings of a URI (RFC 3986 section 6.2.2), and what a server may cut off."""
    scheme, colon, rest = uri.partition(":")
    if not colon or not rest:
        return
    yield f"{scheme.upper()}:{rest}"
    yield f"{uri[:-1]}%{ord(uri[-1]):02X}"
    yield f"{uri}?x=1"
    yield f"{uri}#x"
    yield f"{uri}/"


@requirement("RLS-15")
def test_anothers_value_is_filled_in_like_none(wire: Wire, keys: Keys, target: Target) -> None:
    """What a prompt or a template takes from its owner names nothing when the other gives it."""
    offers = Offers(wire, keys)
    named = {tenant.active: ids_of_tools(wire, target, tenant) for tenant, _ in offers.pairs()}
    seen = 0
    for place in offers.places():
        for owner, other in offers.pairs():
            ids = [one for one in named[owner.active] if one not in named[other.active]]
            values = own_values(offers, place, owner, other, ids)
            beside = offers.companions(owner, place)

            def fill_in(tenant: TenantKeys, value: str, *, without: str = "") -> Answer:
                answer = offers.fill_in(tenant, place, value, beside)  # noqa: B023 -- used at once
                return answer.without(without) if without else answer

            for value in values[:MOST_TRIED]:
                own, unknown = fill_in(owner, value), nobodys_text(value)
                if not own.succeeded:
                    continue  # it names something else
                if not is_looked_up(own, value, fill_in(owner, unknown), unknown):
                    continue
                seen += 1
                none = fill_in(other, unknown).text
                told = gives_away(fill_in(other, value), own, owner, known=[value, none])
                assert not told, f"{place.words}, given another tenant's value, shows {told}"
                apart = difference(
                    partial(fill_in, other, value, without=unknown),
                    partial(fill_in, other, unknown, without=value),
                )
                assert not apart, f"{place.words} tells another tenant's value: {apart}"
                break
    if not seen:
        raise NotApplicableError(NO_PLACES)


def ids_of_tools(wire: Wire, target: Target, tenant: TenantKeys) -> list[str]:
    """Return ids that a tenant's tools list, as the profile says; prompts may take the same."""
    found = [
        str(one) for tool in target.tools.by_id for one in ids_listed(wire, tool, tenant.active)
    ]
    return found[:MOST_TRIED]


def own_values(
    offers: Offers, place: Place, owner: TenantKeys, other: TenantKeys, ids: list[str]
) -> list[str]:
    """Return values that are the owner's alone: suggested to it, a part of its URIs, or ids."""
    suggested = values_of(offers.suggested(owner, place))
    others = set(values_of(offers.suggested(other, place)))
    found = [value for value in suggested if value not in others]
    uris = offers.own_uris(owner, other)
    if place.template:
        found += [values_in(uri, place.template).get(place.argument, "") for uri in uris]
    else:
        found += tails(uris)
    found += [*ids, owner.tenant_id]
    return [value for value in dict.fromkeys(found) if value]


@requirement("RLS-15")
def test_a_cursor_goes_on_with_its_readers_own(wire: Wire, keys: Keys) -> None:
    """A cursor is its owner's, or a place: used by the other, it shows nothing of the owner's."""
    offers = Offers(wire, keys)
    seen = 0
    for method in LISTED:
        for owner, other in offers.pairs():
            for cursor in (*cursors(wire, method, owner), *forged(wire, method, owner, other)):
                seen += 1
                page = wire.call(method, {"cursor": cursor}, key=other.active)
                listed = [str(one) for one in entries_of(page, method)]
                others = [str(one) for one in offers.listed(other, method)]
                owners = [str(one) for one in offers.listed(owner, method)]
                foreign = [one for one in listed if one in owners and one not in others]
                assert not foreign, f"a cursor of {method} shows another tenant's: {foreign[0]}"
                canary = owner.tenant.canary
                assert not (canary and shows(canary, page.text)), (
                    f"a cursor of {method} shows another tenant's canary"
                )
    if not seen:
        raise NotApplicableError("no list of the target's has more than one page")


def cursors(wire: Wire, method: str, owner: TenantKeys) -> list[str]:
    """Return the owner's first cursor of a list, if there is one that it can use."""
    found = [page.result.get("nextCursor") for page in pages(wire, method, owner.active)][:1]
    return [one for one in found if isinstance(one, str)]


def forged(wire: Wire, method: str, owner: TenantKeys, other: TenantKeys) -> list[str]:
    """Return a cursor of the other's with the owner's id in the place of its own, if it has one.

    Cursors that hold text as it is, or in base64, are nobody's secret.
    """
    return [
        coded(text.replace(other.tenant_id, owner.tenant_id))
        for cursor in cursors(wire, method, other)
        for text, coded in read_through(cursor)
        if is_telling(other.tenant_id) and other.tenant_id in text
    ]


def read_through(cursor: str) -> Iterator[tuple[str, Callable[[str], str]]]:
    """Yield a cursor as text, in each way to read it, with what makes a cursor of text again."""
    yield cursor, str
    for part in CODED.finditer(cursor):
        head, coded, tail = cursor[: part.start()], part[0].rstrip("="), cursor[part.end() :]
        for altchars in (b"+/", b"-_"):
            try:
                text = base64.b64decode(coded + "=" * (-len(coded) % 4), altchars, validate=True)
                yield text.decode(), partial(encoded, head, tail, altchars)
            except (binascii.Error, UnicodeDecodeError):
                continue


def encoded(head: str, tail: str, altchars: bytes, text: str) -> str:
    """Return a cursor whose one part is a text in base64 (RFC 4648 sections 4 and 5)."""
    return head + base64.b64encode(text.encode(), altchars).decode().rstrip("=") + tail


@requirement("RLS-15")
def test_prompts_and_resources_are_the_callers_own(wire: Wire, keys: Keys) -> None:
    """What both are offered under one name holds each one's own, right after the other asked."""
    offers = Offers(wire, keys)
    asks = shared(offers)
    if not asks:
        raise NotApplicableError("no prompt or resource is offered to both tenants alike")
    undecided = ""
    for what, ask in asks.items():
        turns = [(owner, ask(owner)) for owner in (keys.a, keys.b, keys.a, keys.b, keys.b, keys.a)]
        given = [answer.succeeded for _, answer in turns]
        if any(given) and not all(given):
            undecided = f"{what} is given to both each time (got {turns[given.index(False)][1]})"
        for owner, answer in turns:
            other = keys.b if owner is keys.a else keys.a
            canary = other.tenant.canary
            assert not (canary and shows(canary, answer.text)), (
                f"{what} holds another tenant's canary"
            )
    if undecided:
        raise NotEstablishedError(f"could not establish that {undecided}")


def shared(offers: Offers) -> dict[str, Callable[[TenantKeys], Answer]]:
    """Return, by what it is, how to ask for what both tenants are offered under the same name."""
    found: dict[str, Callable[[TenantKeys], Answer]] = {}
    both = set(offers.uris(offers.keys.a)) & set(offers.uris(offers.keys.b))
    for uri in sorted(both)[:MOST_VALUES]:
        found[f"the resource {uri}"] = partial(read, offers, uri)
    names = [
        {str(one["name"]) for one in offers.prompts(tenant) if takes_nothing(one)}
        for tenant, _ in offers.pairs()
    ]
    for name in sorted(names[0] & names[1])[:MOST_VALUES]:
        found[f"the prompt {name}"] = partial(render, offers, name)
    return found


WIDTHS = {8: 8, 32: 32, 64: 64}
"""How many calls are made, by how many at once."""


@requirement("RLS-15")
def test_all_that_is_offered_is_the_callers_own_at_once(wire: Wire, keys: Keys) -> None:
    """Both list, read and get prompts in turn and at once, their messages numbered alike."""
    offers = Offers(wire.derived(seconds=SECONDS), keys)
    asks = [*shared(offers).values(), *lists(offers)]
    owned = {owner.active: offers.own_uris(owner, other)[:1] for owner, other in offers.pairs()}
    if all(owned.values()):
        asks.append(lambda tenant: offers.read(tenant, owned[tenant.active][0]))
    asks = [ask for ask in asks if ask(keys.a).succeeded and ask(keys.b).succeeded]
    if not asks:
        raise NotApplicableError("the target offers both tenants neither resources nor prompts")
    readers = [Reader(ask, keys) for ask in asks]
    for reader in readers:
        reader.learn()

    def read(turn: int) -> str:
        # Each kind is read by both in turn: a kind a pair of turns.
        return readers[turn // 2 % len(readers)].read(turn)

    for when in at_several_widths(read, WIDTHS):
        for reader in readers:
            assert not reader.crossed, (
                f"{when}: an answer held the other's canary: {reader.crossed[0]}"
            )
            astray = reader.astray()
            assert not astray, f"{when}: an answer held {astray}"
    for reader in readers:
        for answer in reader.unanswered:
            establish(answer.succeeded, f"what is offered is given (got {answer})")


def lists(offers: Offers) -> list[Callable[[TenantKeys], Answer]]:
    """Return how to list what is listed to either tenant, beside tools."""
    return [
        partial(_list, offers, method)
        for method in ("resources/list", "prompts/list")
        if any(offers.listed(tenant, method) for tenant, _ in offers.pairs())
    ]


def _list(offers: Offers, method: str, tenant: TenantKeys) -> Answer:
    return offers.wire.call(method, {}, key=tenant.active)
