"""LOG, continued: a part of a credential is enough to recognize it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.analysis.parts import own_part, recognizable
from conformance.checks.log._common import fail_calls, require_told, told_since
from conformance.forge.guise import in_guise
from conformance.forge.keys import random_like
from conformance.forge.requests import Request
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.wire import Wire
    from conformance.channels.log import LogStream
    from conformance.forge.keys import Keys
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
    tenants = target.tenants
    public = [target.url, *((tenants.a.id, tenants.b.id) if tenants else ())]
    return {
        f"{place} of {what}": part
        for what, credential in credentials.items()
        for place, part in recognizable(own_part(credential, keys)).items()
        if not any(part in word for word in public)
    }


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
    own = own_part(keys.active, [*known.values()])
    known["a wrong key"] = (
        keys.active.replace(own, random_like(own)) if own else random_like("x" * 32)
    )
    parts = parts_of(known, [*known.values()], target)
    begun = sessions(target)
    parts |= parts_of(begun, [*begun.values()], target)
    tokens: dict[str, str] = {}
    if administrator.token and target.has_admin:
        tokens = {"the admin token": administrator.token}
        tokens["a wrong admin token"] = random_like(administrator.token)
        parts |= {
            name: part
            for what, token in tokens.items()
            for name, part in parts_of({what: token}, [token], target).items()
        }
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
