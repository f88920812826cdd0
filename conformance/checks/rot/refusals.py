"""ROT, continued: what an administrator's routes refuse, and that a refusal changes nothing."""

from __future__ import annotations

import json
import secrets
import uuid
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from conformance.channels.http.admin import rotation_of
from conformance.channels.http.answer import NOTHING_THERE
from conformance.forge.claims import hearsay
from conformance.forge.filling import places_of, with_filled_in, with_put
from conformance.forge.keys import random_key, random_like
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, establish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.admin import AdminCall, Administrator
    from conformance.channels.http.wire import Wire
    from conformance.channels.keys_seen import KeyWitness
    from conformance.profile.fields import AdminFields
    from conformance.profile.target import Target

NO_OBJECTS = (b"", b"{", b"[]", b"null")
OF_ADMINISTRATORS = (
    "the server's own address",
    "a client's certificate",
    "an internal call",
    "an administrator",
)
"""What is told of callers that some let into an administrator's route."""


def wrong_tokens(target: Target) -> dict[str, str | None]:
    """Return what is no admin token, by what is wrong with it; most of it is made of the right one.

    Whoever compares a beginning, an end, or without letter case, takes one of these for right.
    """
    wrong: dict[str, str | None] = {"no token": None, "empty": "", "random": random_key()}
    if target.tenants is not None:
        wrong["a tenant's key"] = target.tenants.a.key
    if target.admin is None:
        return wrong
    right, half = target.admin.token, len(target.admin.token) // 2
    wrong |= {
        "last character changed": right[:-1] + random_like(right[-1]),
        "one character short": right[:-1],
        "one character long": f"{right}A",
        "the first half": right[:half],
        "the last half": right[half:],
        "another second half": right[:half] + random_like(right[half:]),
        "case changed": right.swapcase(),
    }
    return {what: token for what, token in wrong.items() if token != right}


def revocable(administrator: Administrator) -> tuple[str, str] | None:
    """Return a new key with its id, where keys can be made and revoked."""
    can_be = administrator.can_mint and administrator.target.routes.revoke_key is not None
    return administrator.mint_with_id() if can_be else None


def requests_of(administrator: Administrator, key_id: str | None) -> Iterator[AdminCall]:
    """Yield what each route is asked that makes or ends keys; without an id, of a key of nobody."""
    yield from administrator.makings()
    if administrator.target.routes.revoke_key is not None:
        yield administrator.revocation(key_id or str(uuid.uuid4()))


@requirement("ROT-04")
def test_without_the_admin_token_nobody_makes_or_ends_a_key(
    administrator: Administrator, wire: Wire, target: Target
) -> None:
    """Every token but the right one gets 401 and no key, at each route of an administrator's."""
    if administrator.can_mint:
        establish(administrator.mint(), "the right token has a key made")
    _, key_id = revocable(administrator) or ("", None)
    makings = [*administrator.makings()]
    for call in requests_of(administrator, key_id):
        may_lack = key_id is None and call not in makings
        for what, token in wrong_tokens(target).items():
            answer = administrator.ask(call, token)
            is_lacking = may_lack and answer.status in NOTHING_THERE
            assert is_lacking or answer.status == HTTPStatus.UNAUTHORIZED, (
                f"{call.what} ({what}) was answered {answer.status}"
            )
            assert not administrator.holds_a_key(answer), f"{call.what} ({what}) was given a key"
    establish(wire.get(target.routes.health or "/").status, "the target is still there")


@requirement("ROT-04")
def test_no_header_stands_for_the_admin_token(administrator: Administrator, target: Target) -> None:
    """What proxies and meshes say of a caller, everybody can say of himself: all of it at once."""
    if administrator.can_mint:
        establish(administrator.mint(), "the right token has a key made")
    _, key_id = revocable(administrator) or ("", None)
    heard = hearsay(administrator.tenant_id)
    said = dict(pair for kind in OF_ADMINISTRATORS for pair in heard[kind])
    said.pop(target.headers.admin_token, None)
    for call in requests_of(administrator, key_id):
        answer = administrator.ask_by_hearsay(call, said.items())
        # Of what a proxy alone may say, a server may refuse in more ways than for want of a token.
        assert answer.status >= HTTPStatus.BAD_REQUEST, (
            f"{call.what} without a token, said to come from inside, was answered {answer.status}"
        )
        assert not administrator.holds_a_key(answer), f"{call.what} so was given a key"


@requirement("ROT-04")
def test_a_request_without_the_admin_token_changes_no_key(
    administrator: Administrator, key_witness: KeyWitness, target: Target
) -> None:
    """A 401 that comes after the work was done is no refusal: all must stay as it was."""
    key, key_id = revocable(administrator) or ("", None)
    if key:
        key_witness.spared["the key that they would revoke"] = key
    before = key_witness.look()
    for call in requests_of(administrator, key_id):
        for token in wrong_tokens(target).values():
            administrator.ask(call, token)
    changed = key_witness.changes_since(before)
    assert not changed, f"requests with wrong tokens changed keys: {changed}"


def bad_tenants(tenant: str) -> dict[str, object]:
    """Return what names no tenant, by what is wrong with it; None is to be left out."""
    return {
        "no UUID": f"tenant-{secrets.token_hex(8)}",
        "no tenant": None,
        "a list for a tenant": [tenant],
        "an unknown tenant": str(uuid.uuid4()),
    }


def bad_bodies(tenant: str, names: AdminFields) -> dict[str, tuple[str, bytes]]:
    """Return bodies that have to be refused, with the field that is at fault."""
    tenants = bad_tenants(tenant)
    bad = {what: (names.tenant, rotation_of(one, names)) for what, one in tenants.items()}
    if not names.description:
        return bad
    descriptions: dict[str, object] = {
        "an empty description": "",
        "121 characters": "x" * 121,
        "a number": 7,
        "no description": None,
    }
    return bad | {
        what: (names.description, rotation_of(tenant, names, one))
        for what, one in descriptions.items()
    }


def bad_fillings(tenant: str, template: dict[str, Any]) -> dict[str, tuple[str, bytes]]:
    """Return the same of a body that the profile writes itself, where the tenant stands in it."""
    found: dict[str, tuple[str, bytes]] = {}
    for place in places_of(template, "tenant"):
        for what, one in bad_tenants(tenant).items():
            body = with_filled_in(with_put(template, place, one), {"tenant": tenant})
            found[f"{what} in {'.'.join(place)}"] = place[-1], json.dumps(body).encode()
    return found


def bad_requests(administrator: Administrator) -> Iterator[tuple[AdminCall, str, str]]:
    """Yield what asks in a wrong way: what is wrong with it, and the field that is at fault.

    Not everybody looks at a body that holds nothing of what is asked, so none of it is bad.
    """
    tenant, request = administrator.tenant_id, administrator.target.routes.revoke_key
    for call in administrator.makings():
        if call.template is None:
            bad = bad_bodies(tenant, administrator.names)
        else:
            bad = bad_fillings(tenant, call.template)
        for what, (field, body) in bad.items():
            yield replace(call, body=body), f"{call.what} ({what})", field
        for body in NO_OBJECTS if bad else ():
            yield replace(call, body=body), f"{call.what} ({body!r})", ""
    if request is not None and "{key_id}" not in request.path:
        call = administrator.revocation(str(uuid.uuid4()))
        for body in NO_OBJECTS:
            yield replace(call, body=body), f"{call.what} ({body!r})", ""


@requirement("ROT-06")
def test_a_bad_body_is_refused_by_field(administrator: Administrator, target: Target) -> None:
    """The right token with each bad body: the answer names the field, and holds no key."""
    establish(administrator.mint(), "a good body has a key made")
    token, bad = supplied(target.admin).token, list(bad_requests(administrator))
    if not bad:
        raise NotApplicableError("no body of [routes] create_key names a {tenant}")
    for call, what, field in bad:
        answer = administrator.ask(call, token)
        assert 400 <= answer.status < 500, f"{what} was answered {answer}"
        assert field in answer.text, f"{what}: the answer does not name {field}: {answer}"
        assert not administrator.holds_a_key(answer), f"{what}: the refusal holds a key"


@requirement("ROT-06")
def test_a_bad_body_changes_no_key(
    administrator: Administrator, key_witness: KeyWitness, target: Target
) -> None:
    """A refusal that comes after the work was done is none: all must stay as it was."""
    before, bad = key_witness.look(), list(bad_requests(administrator))
    if not bad:
        raise NotApplicableError("no body of [routes] create_key names a {tenant}")
    for call, _, _ in bad:
        administrator.ask(call, supplied(target.admin).token)
    changed = key_witness.changes_since(before)
    assert not changed, f"bad bodies changed keys: {changed}"
