"""Every request within the limits is carried out, and nothing is refused too early."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from load.invariants.ruling import Ruling
from load.ledger import Conduct
from load.reply import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.profile.target import DeclaredLimits
    from load.ledger import Observation

ANSWERS = "every request within the limits is carried out"
SLACK = 15.0
"""Seconds, more than any exchange takes: who may have been counted is guessed high, never low."""


def answers_are_right(
    observations: Sequence[Observation], limits: DeclaredLimits, *, is_fresh: bool
) -> Ruling:
    """Rule on the answers: success within the limits, success or a due and true 429 beyond them.

    Where the target was there before the run (not ``is_fresh``), a tenant's limit may have been
    spent by others, so that a 429 in the first window accuses nobody.
    """
    if not observations:
        return Ruling.unseen(ANSWERS, "no request was sent")
    judged = _Admissions(limits)
    for one in observations:
        judged.count(one)
    begin = min(one.sent for one in observations)
    known_from = begin if is_fresh else begin + limits.tenant_window_seconds
    faults = [fault for one in observations if (fault := _fault(one, judged))]
    early = [one for one in observations if judged.is_refused_early(one)]
    faults += [
        f"{one.label} was limited, though no limit can have been spent"
        for one in early
        if one.sent >= known_from
    ]
    if faults:
        return Ruling.failed(ANSWERS, faults)
    if early:
        wait = limits.tenant_window_seconds
        reason = f"{len(early)} requests were limited early; did others use these tenants before?"
        return Ruling.unseen(ANSWERS, f"{reason} Wait {wait} s and run again")
    kinds = Counter(one.conduct for one in observations)
    refused = sum(_is_limited(one) for one in observations)
    return Ruling.passed(
        ANSWERS,
        f"{kinds[Conduct.WITHIN]} within, none refused; {kinds[Conduct.BEYOND]} beyond, "
        f"{refused} refused, none early, each with Retry-After",
    )


@dataclass
class _Admissions:
    """When requests of each address and each tenant were sent that may have been counted."""

    limits: DeclaredLimits
    addresses: defaultdict[str | None, list[float]] = field(
        default_factory=lambda: defaultdict(list)
    )
    tenants: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _is_sorted: bool = False

    def count(self, one: Observation) -> None:
        """Take in one request; a limited one was counted by no limit that could refuse others."""
        if not _is_limited(one):
            self.addresses[one.address].append(one.sent)
            self.tenants[one.tenant].append(one.sent)
            self._is_sorted = False

    def is_refused_early(self, one: Observation) -> bool:
        """Tell whether a request was limited when neither limit can have been spent."""
        if not _is_limited(one):
            return False
        if not self._is_sorted:
            for times in (*self.addresses.values(), *self.tenants.values()):
                times.sort()
            self._is_sorted = True
        limits = self.limits
        by_address = _at_most(self.addresses[one.address], one, limits.address_window_seconds)
        by_tenant = _at_most(self.tenants[one.tenant], one, limits.tenant_window_seconds)
        return by_address < limits.address_requests and by_tenant < limits.tenant_requests


def _at_most(times: list[float], one: Observation, seconds: float) -> int:
    """Return how many requests at most the window before ``one`` can have held."""
    return bisect_left(times, one.received) - bisect_left(times, one.sent - seconds - SLACK)


def _is_limited(one: Observation) -> bool:
    return one.status == HTTPStatus.TOO_MANY_REQUESTS


def _fault(one: Observation, judged: _Admissions) -> str:
    if not one.is_answered:
        return f"{one.label} got no answer: {one.trouble}"
    if _is_limited(one):
        wait = one.retry_after or ""
        longest = max(judged.limits.address_window_seconds, judged.limits.tenant_window_seconds)
        is_due = wait.isascii() and wait.isdigit() and 1 <= int(wait) <= longest
        return "" if is_due else f"{one.label} has Retry-After {one.retry_after!r}"
    if not HTTPStatus.OK <= one.status < HTTPStatus.MULTIPLE_CHOICES:
        return f"{one.label} was refused"
    if one.tool is not None and one.result is not Result.SUCCEEDED:
        return f"{one.label} came to {one.result.value}"
    return ""
