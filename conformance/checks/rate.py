"""RATE: how much one address and one tenant may ask for."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.checks.auth import says
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.evidence.addresses import AddressPool
    from conformance.evidence.admin import Administrator
    from conformance.evidence.answer import Answer
    from conformance.evidence.auditor import AuditReader, AuditRow
    from conformance.evidence.passage import Passage
    from conformance.evidence.wire import Wire
    from conformance.target import Target

LIMITED = HTTPStatus.TOO_MANY_REQUESTS


def spend_address(line: Wire, key: str, target: Target, more: int) -> list[Answer]:
    """Send the address limit's requests and some more; return all answers."""
    return [line.knock(key) for _ in range(target.limits.address_requests + more)]


def are_counted(answers: list[Answer]) -> bool:
    """Tell whether every request was admitted or limited: anything else counts nothing."""
    return all(answer.succeeded or answer.status == LIMITED for answer in answers)


def spend_tenant(
    wire: Wire, keys: list[str], addresses: AddressPool, target: Target
) -> list[Answer]:
    """Send the tenant limit's requests and one more, from enough addresses, keys in turn."""
    limits = target.limits
    total = limits.tenant_requests + 1
    count = total // (limits.address_requests - 1) + 1
    lines = [wire.derived(address=addresses.fresh()) for _ in range(count)]
    return [lines[turn % count].knock(keys[turn % len(keys)]) for turn in range(total)]


@requirement("RATE-01")
def test_the_request_after_the_address_limit_is_refused(
    wire: Wire, spare_key: str, addresses: AddressPool, target: Target
) -> None:
    """Counted exactly: one refusal too early or too late is an error in the limit."""
    line = wire.derived(address=addresses.fresh())
    *admitted, last = spend_address(line, spare_key, target, more=1)
    establish(are_counted(admitted), "the key works until the limit")
    refused = [number for number, answer in enumerate(admitted, 1) if answer.status == LIMITED]
    assert not refused
    assert last.status == LIMITED
    assert says(last, target.answers.rate_limited), last.text[:200]


@requirement("RATE-02")
def test_the_request_after_the_tenant_limit_is_refused(
    wire: Wire, spare_key: str, addresses: AddressPool, target: Target, administrator: Administrator
) -> None:
    """Spread over addresses and keys, so that only the tenant can be what is counted."""
    keys = [spare_key]
    if administrator.can_mint:
        keys.append(administrator.mint())
    *admitted, last = spend_tenant(wire, keys, addresses, target)
    establish(are_counted(admitted), "both keys work until the limit")
    refused = [number for number, answer in enumerate(admitted, 1) if answer.status == LIMITED]
    assert not refused
    assert last.status == LIMITED
    assert says(last, target.answers.rate_limited), last.text[:200]


def _is_limit(row: AuditRow) -> bool:
    return row.event == "rate_limit.exceeded"


@requirement("RATE-04")
def test_each_refusal_of_an_address_is_audited(
    wire: Wire, spare_key: str, addresses: AddressPool, target: Target, auditor: AuditReader
) -> None:
    """Three refusals, three rows: the trail must tell how hard somebody knocked."""
    address = addresses.fresh()
    line = wire.derived(address=address)
    answers = spend_address(line, spare_key, target, more=3)
    refused = sum(answer.status == LIMITED for answer in answers)
    establish(refused, "the address limit refuses")
    rows = auditor.wait_for_rows(_is_limit, count=refused, address=address)
    assert [row.scope for row in rows] == ["global"] * refused


@requirement("RATE-04")
def test_a_refusal_of_a_tenant_is_audited(
    wire: Wire, spare_key: str, addresses: AddressPool, target: Target, auditor: AuditReader
) -> None:
    """The row says that it was the tenant's limit, not the address's."""
    answers = spend_tenant(wire, [spare_key], addresses, target)
    refused = [answer for answer in answers if answer.status == LIMITED]
    establish(refused, "the tenant limit refuses")
    name = target.headers.request_id
    identity = refused[0].header(name)
    establish(identity, f"the answer carries {name}")
    rows = auditor.wait_for_rows(_is_limit, request_id=identity)
    assert [row.scope for row in rows] == ["tenant"]


@requirement("RATE-05")
def test_waiting_as_long_as_told_admits_again(
    wire: Wire, spare_key: str, addresses: AddressPool, target: Target, passage: Passage
) -> None:
    """A caller that honours Retry-After must not be refused again for the same reason."""
    line = wire.derived(address=addresses.fresh())
    refused = spend_address(line, spare_key, target, more=1)[-1]
    establish(refused.status == LIMITED, "the address limit refuses")
    seconds = refused.header("retry-after") or ""
    assert seconds.isdecimal(), f"Retry-After: {seconds!r}"
    assert 0 < int(seconds) <= target.limits.address_window_seconds + 1
    passage.of(int(seconds))
    assert line.knock(spare_key).status != LIMITED
