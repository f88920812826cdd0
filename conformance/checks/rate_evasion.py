"""RATE, continued: what must not move a limit, and whom it must not touch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.evidence.exhaustion import LIMITED, are_counted
from conformance.forge.requests import opening
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.evidence.addresses import AddressPool
    from conformance.evidence.answer import Answer
    from conformance.evidence.exhaustion import Exhaustion
    from conformance.evidence.wire import Wire
    from conformance.forge.keys import Keys
    from conformance.target import Target

AT_ONCE = 16
FORWARDED = (
    ("X-Forwarded-For", "203.0.113.7"),
    ("X-Real-IP", "203.0.113.8"),
    ("Forwarded", "for=203.0.113.9"),
    ("True-Client-IP", "203.0.113.10"),
    ("CF-Connecting-IP", "203.0.113.11"),
    ("X-Client-IP", "203.0.113.12"),
)


@requirement("RATE-06")
def test_simultaneous_requests_are_admitted_exactly_to_the_limit(
    wire: Wire,
    spare_key: str,
    addresses: AddressPool,
    target: Target,
) -> None:
    """Twice the limit at once: a limit that looks before it counts lets more in."""
    limit = target.limits.address_requests
    line = wire.derived(address=addresses.fresh())
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(line.knock, [spare_key] * (2 * limit)))
    establish(are_counted(answers), "the key works until the limit")
    admitted = sum(answer.status != LIMITED for answer in answers)
    assert admitted == limit


@requirement("RATE-07")
def test_no_header_or_spelling_evades_the_limit(exhaustion: Exhaustion) -> None:
    """The address is at its limit; each request then differs in one thing it could be keyed on."""
    line, key = exhaustion.address_at_limit()
    good, path = opening(line.revision), line.path
    tries = {name: good.with_header(name, value) for name, value in FORWARDED}
    tries |= {
        "two forwarded-for": good.with_header("X-Forwarded-For", "203.0.113.1, 203.0.113.2"),
        "another agent": good.with_header("User-Agent", "another client/1.0"),
        "a query": good.but(path=f"{path}?page=2"),
        "upper case": good.but(path=path.upper()),
        "a trailing slash": good.but(path=f"{path}/"),
        "another method": good.but(method="GET"),
    }
    passed = {
        what: answer.status
        for what, request in tries.items()
        if (answer := line.send(request, key=key)).status != LIMITED
    }
    assert not passed


@requirement("RATE-08")
def test_an_address_at_its_limit_costs_no_other_anything(
    exhaustion: Exhaustion, wire: Wire, addresses: AddressPool, keys: Keys
) -> None:
    """Another address, with the same key and with another tenant's, is served as before."""
    _, key = exhaustion.address_at_limit()
    other = wire.derived(address=addresses.fresh())
    assert other.knock(key).succeeded
    assert other.knock(keys.a.active).succeeded


@requirement("RATE-08")
def test_a_tenant_at_its_limit_costs_no_other_anything(
    exhaustion: Exhaustion, wire: Wire, addresses: AddressPool, keys: Keys
) -> None:
    """The other tenants are served as before, from a fresh address."""
    exhaustion.tenant_at_limit()
    line = wire.derived(address=addresses.fresh())
    assert line.knock(keys.a.active).succeeded
    assert line.knock(keys.b.active).succeeded


@requirement("RATE-09")
def test_over_the_limit_right_and_wrong_keys_look_alike(
    exhaustion: Exhaustion, keys_or_random: Keys
) -> None:
    """Were they told apart, the limit would not stop anybody from guessing."""
    line, key = exhaustion.address_at_limit()
    answers: dict[str, Answer] = {
        "a right key": line.knock(key),
        "a wrong key": line.knock(keys_or_random.random()),
        "no key": line.knock(),
    }
    assert {what: answer.status for what, answer in answers.items()} == dict.fromkeys(
        answers, HTTPStatus.TOO_MANY_REQUESTS
    )
    assert len({answer.visible for answer in answers.values()}) == 1
