"""RATE, of tenants: how much one tenant may ask for, over all its keys and addresses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.analysis.figures import draw_admissions
from conformance.channels.http.answer import says
from conformance.channels.http.exhaustion import LIMITED, are_counted, require_one_window
from conformance.channels.trail.finding import scopes_of
from conformance.checks.rate._common import evasions
from conformance.model import Channel
from conformance.profile.events import Scope
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, establish

if TYPE_CHECKING:
    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.exhaustion import Exhaustion
    from conformance.channels.http.session_tokens import SessionTokens
    from conformance.channels.http.transcript import Transcript
    from conformance.channels.http.wire import Wire
    from conformance.channels.trail.reader import AuditReader
    from conformance.forge.keys import Keys
    from conformance.manners.addresses import AddressPool
    from conformance.profile.target import Target


@requirement("RATE-02")
def test_the_request_after_the_tenant_limit_is_refused(
    exhaustion: Exhaustion, target: Target, administrator: Administrator, transcript: Transcript
) -> None:
    """Spread over addresses and keys, so that only the tenant can be what is counted."""
    more = [administrator.mint] if administrator.can_mint else []
    limit, window = target.limits.tenant_requests, target.limits.tenant_window_seconds
    answers = exhaustion.measured(lambda: exhaustion.spend_tenant(more), limit, window)[-1]
    draw_admissions(transcript, answers, limit, window)
    *within, last = answers
    establish(are_counted(within), "both keys work until the limit")
    refused = [number for number, answer in enumerate(within, 1) if answer.status == LIMITED]
    assert not refused, (
        f"request {min(refused)} was refused, within the limit of {limit}, "
        f"and {len(refused) - 1} more after it"
    )
    require_one_window(answers, window)
    assert last.status == LIMITED, (
        f"request {len(answers)}, one more than the tenant's limit, was answered {last}"
    )
    assert says(last, target.answers.rate_limited), f"the limit was told as {last}"


@requirement("RATE-02")
def test_a_tenant_at_its_limit_is_there_with_a_token(
    exhaustion: Exhaustion,
    session_tokens: SessionTokens,
    addresses: AddressPool,
    wire: Wire,
    target: Target,
) -> None:
    """By each way by which tokens come, from a fresh address: all that is over is the limit."""
    if target.sessions.start is None:
        raise NotApplicableError("no session token is issued beside keys")
    token = session_tokens.begin(exhaustion.fresh_key())
    for way in target.token_ways:
        establish(session_tokens.show(token, way).succeeded, f"its token works: {way.name}")
    exhaustion.tenant_at_limit()
    answers: dict[str, Answer] = {}
    for way in target.token_ways:
        line = wire.derived(address=addresses.fresh())
        answers[way.name] = replace(session_tokens, wire=line).show(token, way)
    refused = exhaustion.wire.derived(address=addresses.fresh()).knock(exhaustion.tenant_key)
    establish(refused.status == LIMITED, "the tenant is still at its limit")
    let_in = [f"{name}: {told}" for name, told in answers.items() if told.succeeded]
    assert not let_in, f"a tenant at its limit was let in with a session token by {let_in[0]}"


@requirement("RATE-04", also_needs=(Channel.SPARE_TENANT, Channel.TENANT_LIMIT))
def test_a_refusal_of_a_tenant_is_audited(
    exhaustion: Exhaustion, auditor: AuditReader, target: Target
) -> None:
    """The row says that it was the tenant's limit, not the address's."""
    scopes = scopes_of(exhaustion.tenant_at_limit(), auditor, target, Scope.TENANT)
    assert scopes == [Scope.TENANT], (
        f"the refusal of a tenant has {len(scopes)} audit rows, with the scopes {scopes}"
    )


@requirement("RATE-07", also_needs=(Channel.TENANT_LIMIT,))
def test_no_header_or_spelling_evades_the_limit_of_a_tenant(
    exhaustion: Exhaustion, wire: Wire, addresses: AddressPool
) -> None:
    """The tenant is at its limit, before and after: each request differs in one thing alone.

    They come from a fresh address, with a key that is right, so that only the tenant is refused.
    """
    exhaustion.tenant_at_limit()
    line, key = wire.derived(address=addresses.fresh()), exhaustion.tenant_key
    passed = evasions(line, key)
    establish(line.knock(key).status == LIMITED, "the tenant is at its limit all the time")
    assert not passed, f"requests of a tenant at its limit were answered {passed}"


@requirement("RATE-08", also_needs=(Channel.TENANT_LIMIT,))
def test_a_tenant_at_its_limit_costs_no_other_anything(
    exhaustion: Exhaustion, wire: Wire, addresses: AddressPool, keys: Keys
) -> None:
    """The other tenants are served as before, from a fresh address."""
    exhaustion.tenant_at_limit()
    line = wire.derived(address=addresses.fresh())
    for_a = line.knock(keys.a.active)
    assert for_a.succeeded, f"with another tenant at its limit, tenant A was answered {for_a}"
    for_b = line.knock(keys.b.active)
    assert for_b.succeeded, f"with another tenant at its limit, tenant B was answered {for_b}"
