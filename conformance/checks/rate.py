"""RATE: how much one address and one tenant may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.auth import says
from conformance.evidence.exhaustion import LIMITED, are_counted
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.evidence.admin import Administrator
    from conformance.evidence.answer import Answer
    from conformance.evidence.auditor import AuditReader
    from conformance.evidence.exhaustion import Exhaustion
    from conformance.evidence.passage import Passage
    from conformance.target import Target


@requirement("RATE-01")
def test_the_request_after_the_address_limit_is_refused(
    exhaustion: Exhaustion, target: Target
) -> None:
    """Counted exactly: one refusal too early or too late is an error in the limit."""
    _, _, (*admitted, last) = exhaustion.spend_address()
    establish(are_counted(admitted), "the key works until the limit")
    refused = [number for number, answer in enumerate(admitted, 1) if answer.status == LIMITED]
    assert not refused
    assert last.status == LIMITED
    assert says(last, target.answers.rate_limited), last.text[:200]


@requirement("RATE-02")
def test_the_request_after_the_tenant_limit_is_refused(
    exhaustion: Exhaustion, target: Target, administrator: Administrator
) -> None:
    """Spread over addresses and keys, so that only the tenant can be what is counted."""
    more = [administrator.mint] if administrator.can_mint else []
    *admitted, last = exhaustion.spend_tenant(more)
    establish(are_counted(admitted), "both keys work until the limit")
    refused = [number for number, answer in enumerate(admitted, 1) if answer.status == LIMITED]
    assert not refused
    assert last.status == LIMITED
    assert says(last, target.answers.rate_limited), last.text[:200]


@requirement("RATE-04")
def test_each_refusal_of_an_address_is_audited(
    exhaustion: Exhaustion, auditor: AuditReader, target: Target
) -> None:
    """Three refusals, three rows: the trail must tell how hard somebody knocked."""
    line, key = exhaustion.address_at_limit()
    answers = [line.knock(key) for _ in range(3)]
    establish(all(answer.status == LIMITED for answer in answers), "the address limit refuses")
    for answer in answers:
        assert _scopes(answer, auditor, target) == ["global"]


@requirement("RATE-04")
def test_a_refusal_of_a_tenant_is_audited(
    exhaustion: Exhaustion, auditor: AuditReader, target: Target
) -> None:
    """The row says that it was the tenant's limit, not the address's."""
    assert _scopes(exhaustion.tenant_at_limit(), auditor, target) == ["tenant"]


def _scopes(refused: Answer, auditor: AuditReader, target: Target) -> list[str | None]:
    """Return the scopes that the rows of one refusal name."""
    name = target.headers.request_id
    identity = refused.header(name)
    establish(identity, f"the answer carries {name}")
    rows = auditor.wait_for_rows(
        lambda row: row.event == "rate_limit.exceeded", request_id=identity
    )
    return [row.scope for row in rows]


@requirement("RATE-05")
def test_waiting_as_long_as_told_admits_again(
    exhaustion: Exhaustion, target: Target, passage: Passage
) -> None:
    """A caller that honours Retry-After must not be refused again for the same reason."""
    line, key = exhaustion.address_at_limit()
    refused = line.knock(key)
    establish(refused.status == LIMITED, "the address limit refuses")
    seconds = refused.header("retry-after") or ""
    assert seconds.isdecimal(), f"Retry-After: {seconds!r}"
    assert 0 < int(seconds) <= target.limits.address_window_seconds + 1
    passage.of(int(seconds))
    assert line.knock(key).status != LIMITED
