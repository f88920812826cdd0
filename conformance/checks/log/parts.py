"""LOG, continued: a part of a credential is enough to recognize it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.analysis.parts import giving_away, own_part
from conformance.checks.log._common import fail_calls, require_told, told_since
from conformance.forge.guise import in_guise
from conformance.forge.keys import random_key, random_like, unknown_like
from conformance.forge.requests import Request
from conformance.requirement import requirement
from conformance.text.tokens import is_token
from conformance.verdicts import NotApplicableError, establish

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.ways import Ways
    from conformance.channels.http.wire import Wire
    from conformance.channels.log import LogStream
    from conformance.forge.keys import Keys
    from conformance.profile.signing import Way
    from conformance.profile.target import Target


def issued(target: Target) -> dict[str, str]:
    """Return every key that the target has issued, as far as the profile knows them."""
    tenants = target.tenants
    known = {"A": tenants.a, "B": tenants.b, "spare": tenants.spare} if tenants else {}
    return {
        f"{what} of tenant {name}": key
        for name, tenant in known.items()
        if tenant is not None
        for what, key in (
            ("the key", tenant.key),
            ("the revoked key", tenant.revoked_key),
            ("the expired key", tenant.expired_key),
        )
        if key
    }


def sessions(target: Target) -> dict[str, str]:
    """Return the session tokens that the profile knows beside keys."""
    tenants = target.tenants
    known = {"A": tenants.a, "B": tenants.b} if tenants else {}
    return {
        f"the session token of tenant {name}": tenant.session
        for name, tenant in known.items()
        if tenant.session
    }


def parts_of(credentials: Mapping[str, str], keys: Sequence[str], target: Target) -> dict[str, str]:
    """Return what gives some credentials away, by what it is; what is public anyway is left out."""
    return {
        f"{place} of {what}": part
        for what, credential in credentials.items()
        for place, part in giving_away(credential, keys).items()
        if not _is_public(part, target)
    }


def _is_public(part: str, target: Target) -> bool:
    tenants = target.tenants
    public = [target.url, *((tenants.a.id, tenants.b.id) if tenants else ())]
    return any(part in word for word in public)


@dataclass(frozen=True)
class Shown:
    """A credential in the field by which it is shown; ``parts`` give it away."""

    field: tuple[str, str]
    parts: Mapping[str, str]
    is_right: bool


def shown_by_each_way(ways: Ways) -> Iterator[Shown]:
    """Yield a right credential and a wrong one for each of the ways that the profile names.

    Of a proxy's word the signature counts: whom it is for, and when, it says openly. Show it at
    once: it grows stale.
    """
    for way in ways.wire.target.sessions.ways:
        yield from _shown_by(way, ways)


def _shown_by(way: Way, ways: Ways) -> Iterator[Shown]:
    target, (ours, theirs) = ways.wire.target, (ways.keys.a, ways.keys.b)
    if way.proxy is not None:
        word = replace(ways.word(way.proxy, ours), nonce=random_key())
        signed = word.signature()
        for what, signature in (("a", signed), ("a forged", random_like(signed))):
            parts = parts_of({f"{what} word by {way.name}": signature}, [signature], target)
            yield Shown((way.place, word.text(signature=signature)), parts, signature == signed)
        return
    right, other = ways.token(ours), ways.token(theirs)
    for what, token in (("a", right), ("a forged", unknown_like(right))):
        parts = parts_of({f"{what} token by {way.name}": token}, [right, other, token], target)
        yield Shown(way.field(token), parts, token == right)


@requirement("LOG-07")
def test_no_recognizable_part_of_a_credential_reaches_the_log(
    wire: Wire, keys: Keys, log: LogStream, target: Target, administrator: Administrator
) -> None:
    """What all keys share is learned from them, and is no secret; the rest of each is its own.

    The keys are let in and refused, lost on the way and used where a tool is, as session tokens
    are; new ones are made where that can be, and the admin token is right and wrong.
    """
    known = issued(target)
    mark = log.mark()
    if administrator.can_mint:
        known["a key just made"] = administrator.mint()
    known["a wrong key"] = _wrong(keys.active, [*known.values()])
    parts = parts_of(known, [*known.values()], target)
    begun = sessions(target)
    parts |= parts_of(begun, [*begun.values()], target)
    tokens: dict[str, str] = {}
    if administrator.token and target.has_admin:
        tokens = {"the admin token": administrator.token}
        tokens["a wrong admin token"] = random_like(administrator.token)
        for what, token in tokens.items():
            parts |= parts_of({what: token}, [token], target)
    establish(parts, "a credential has sixteen characters of its own")
    for key in (*known.values(), *begun.values()):
        wire.knock(key)
    fail_calls(wire, keys.active)
    wire.send(Request("GET", in_guise("/hallmark-nothing")), key=keys.active)
    for token in tokens.values():
        for call in administrator.without_effect():
            administrator.ask(call, token)
    last = wire.call_ping(key=keys.active)
    establish(last.succeeded, "the key works")
    text, sign = told_since(mark, log, wire, last, keys.active)
    found = [what for what, part in parts.items() if part in text]
    assert not found, f"the log holds {' and '.join(found)}"
    require_told(sign, wire)


def _wrong(key: str, keys: Sequence[str]) -> str:
    """Return a key that nobody has issued; what all keys share, it has as well."""
    if is_token(key):
        return unknown_like(key)
    own = own_part(key, keys)
    return key.replace(own, random_like(own)) if own else random_like("x" * 32)


@requirement("LOG-07")
def test_no_recognizable_part_of_a_token_reaches_the_log_by_any_way(
    ways: Ways, log: LogStream
) -> None:
    """In each field that carries a credential: as bearer, as a cookie, as a proxy's signed word.

    The right ones are let in, the forged ones refused, which is told of in another place.
    """
    if not ways.wire.target.sessions.ways:
        raise NotApplicableError("the profile names no [[sessions.ways]]: keys come by one")
    ways.establish()
    parts: dict[str, str] = {}
    mark = log.mark()
    for one in shown_by_each_way(ways):
        parts |= one.parts
        answer = ways.send(one.field, is_right=one.is_right)
        establish(answer.succeeded == one.is_right, f"a right credential alone works: {answer}")
    establish(parts, "a credential has sixteen characters of its own")
    last = ways.wire.call_ping(key=ways.keys.active)
    establish(last.succeeded, "the key works")
    text, sign = told_since(mark, log, ways.wire, last, ways.keys.active)
    found = [what for what, part in parts.items() if part in text]
    assert not found, f"the log holds {' and '.join(found)}"
    require_told(sign, ways.wire)
