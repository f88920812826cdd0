"""PERM: what a request says of its sender, and what comes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.channels.http.callers import Caller
from conformance.channels.http.results import is_tenant
from conformance.checks.perm._common import (
    Reach,
    admitted,
    eras_of,
    established,
    reach_of,
    require_denied,
    require_still_working,
    weakest,
)
from conformance.forge.described import described
from conformance.forge.promotions import USUAL, promotions, said_in_body
from conformance.model import Channel
from conformance.profile.fields import found_at
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.identities import Callers
    from conformance.channels.http.session_tokens import SessionTokens
    from conformance.channels.http.wire import Wire
    from conformance.checks.perm._common import Call
    from conformance.forge.keys import Keys

_MOST_CALLS = 1
"""Calls that are tried with each promotion."""


def _words(callers: Callers) -> dict[str, Any]:
    """Return what a caller may say of itself: the claims of who may call most, and usual words."""
    policy = callers.target.policy
    tools = policy.tools()
    by_reach = sorted(
        policy.identities, key=lambda name: sum(policy.may(name, one) for one in tools)
    )
    claims = [policy.identities[name].claims or {} for name in by_reach]
    return {**USUAL, **{name: value for own in claims for name, value in own.items()}}


def _denied_to(name: str, calls: list[Call], callers: Callers) -> list[Call]:
    return [one for one in calls if not callers.target.policy.may(name, one.tool)][:_MOST_CALLS]


@requirement("PERM-05")
def test_nothing_that_a_request_says_widens_what_its_sender_reaches(
    callers: Callers, discovery: Discovery, keys: Keys
) -> None:
    """The weakest caller asks again, saying that it is more: whoever is, does reach more."""
    found = admitted(callers)
    calls = established(found, callers.target)
    require_denied(calls, found, callers.target.policy)
    name = weakest(found, calls, callers.target.policy)[0]
    beyond = _denied_to(name, calls, callers)
    others = keys.a if callers.target.policy.identities[name].tenant == "b" else keys.b
    said = promotions(_words(callers), others.tenant_id, callers.wire.path)
    for revision in eras_of(discovery):
        caller = found[name].at(revision)
        plain = reach_of(caller, beyond)
        for what, change in said.items():
            more = reach_of(caller.saying(change), beyond).beyond(plain)
            assert not more, f"in {revision}, {name} says in {what} that it is more, and {more}"
    require_still_working(calls)


@requirement("PERM-05", also_needs=(Channel.PING_TOOL,))
def test_a_tenant_that_a_request_names_is_not_its_callers(
    callers: Callers, discovery: Discovery, keys: Keys
) -> None:
    """The tool that tells whose call it was tells the credential's tenant, whoever is named."""
    target = callers.target
    ping, path = str(target.tools.ping), callers.wire.path
    said = promotions(_words(callers), keys.b.tenant_id, path)
    caller = Caller("tenant A", keys.a.active, callers.wire)
    for revision in eras_of(discovery):
        asked = caller.at(revision)
        own = asked.call_tool(ping, {})
        establish(is_tenant(own, target, keys.a.tenant_id), f"the tool tells tenant A (got {own})")
        for what, change in said.items():
            answer = asked.saying(change).call_tool(ping, {})
            is_other = is_tenant(answer, target, keys.b.tenant_id)
            assert not is_other, f"in {revision}, tenant A names tenant B in {what}: {answer}"


@requirement("PERM-05-b", also_needs=(Channel.ADMIN, Channel.SPARE_TENANT, Channel.KEY_CREATION))
def test_no_body_makes_a_key_that_reaches_more(
    callers: Callers, administrator: Administrator
) -> None:
    """A key is made with a body that names a tier, and one without: they reach the same."""
    found = admitted(callers)
    calls = established(found, callers.target)
    plain = _reached(callers.wire, administrator.mint(), calls)
    for making in administrator.makings():
        body = said_in_body(making.body, _words(callers))
        answer = administrator.ask(replace(making, body=body), administrator.token)
        if not found_at(answer.entries, administrator.names.key):
            continue  # it was refused, and made nothing
        more = _reached(callers.wire, administrator.key_of(answer), calls).beyond(plain)
        assert not more, f"{making.what} whose body names a tier makes a key that {more}"


@requirement("PERM-05-b", also_needs=(Channel.SESSION_START,))
def test_no_body_begins_a_session_that_reaches_more(
    callers: Callers, session_tokens: SessionTokens, keys: Keys
) -> None:
    """A session is begun with a body that names a tier, and one without: they reach the same."""
    found = admitted(callers)
    calls = established(found, callers.target)
    plain = _reached(callers.wire, session_tokens.begin(keys.active), calls)
    request = described(supplied(callers.target.sessions.start), {})
    body = said_in_body(request.body, _words(callers))
    asked = request.with_header("Content-Type", "application/json").but(body=body)
    token = session_tokens.told_by(callers.wire.send(asked, key=keys.active), keys.active)
    if token is not None:
        more = _reached(callers.wire, token, calls).beyond(plain)
        assert not more, f"a session whose beginning names a tier {more}"


def _reached(wire: Wire, credential: str, calls: list[Call]) -> Reach:
    caller = Caller("", credential, wire)
    answer = caller.knock()
    establish(answer.succeeded, f"the new credential works (got {answer})")
    return reach_of(caller, calls)
