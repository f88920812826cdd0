"""Decides a run: reads the trail, rules on every invariant, tells it in a table, sets the code."""

from __future__ import annotations

import statistics
from collections import Counter
from contextlib import closing
from http import HTTPStatus
from typing import TYPE_CHECKING

import psycopg

from conformance.channels.trail.opening import trail_of
from conformance.channels.trail.reader import SETTLE_SECONDS
from conformance.model import Channel, Verdict
from conformance.text.redaction import Redactor
from conformance.verdicts import NotAssessedError, NotEstablishedError
from conformance.waiting import wait_for
from load.invariants import (
    AUDIT,
    Ruling,
    answers_are_right,
    limit_holds,
    nothing_crosses,
    trail_is_complete,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.profile.target import Target
    from load.ledger import Observation

HELD, BROKEN = 0, 1
_SETTLE_PAUSE = 0.5
_NAMED = (50, 90, 99)


def assess(observations: Sequence[Observation], target: Target, *, is_fresh: bool) -> list[Ruling]:
    """Rule on every invariant of a run that is over; ``is_fresh`` when the run started its target.

    No evidence holds a credential.
    """
    redact = Redactor(target.secrets())
    rulings = [
        _trail(observations, target),
        nothing_crosses(observations),
        limit_holds(observations, target.limits),
        answers_are_right(observations, target.limits, is_fresh=is_fresh),
    ]
    return [Ruling(one.invariant, one.verdict, redact(one.evidence)) for one in rulings]


def exit_code(rulings: Sequence[Ruling], *, accepts_unseen: bool) -> int:
    """Return 0 when all invariants were seen to hold, 1 otherwise.

    ``accepts_unseen`` lets those pass of which the target offers no evidence, but never all.
    """
    verdicts = {one.verdict for one in rulings}
    accepted = {Verdict.PASS, Verdict.NOT_ASSESSED} if accepts_unseen else {Verdict.PASS}
    return HELD if Verdict.PASS in verdicts and verdicts <= accepted else BROKEN


def _trail(observations: Sequence[Observation], target: Target) -> Ruling:
    if target.channels.auditor is None or target.tenants is None:
        return Ruling.unseen(AUDIT, f"it takes {Channel.AUDITOR.supplied_by}")
    ids = {"a": target.tenants.a.id, "b": target.tenants.b.id}
    rulings: list[Ruling] = []

    def look() -> bool:
        rulings.append(_read(observations, ids, target))
        return rulings[-1].verdict is not Verdict.FAIL

    # Whether rows are there before the answer is the judge's question, not that of a load test.
    counts = target.limits.refusals_told_seconds if target.has(Channel.REFUSAL_ROWS) else 0
    wait_for(look, SETTLE_SECONDS + counts, _SETTLE_PAUSE)
    return rulings[-1]


def _read(observations: Sequence[Observation], ids: dict[str, str], target: Target) -> Ruling:
    try:
        with closing(trail_of(target)) as reader:
            rows = reader.rows()
            return trail_is_complete(observations, rows, ids, target.events)
    except (OSError, psycopg.Error) as error:
        return Ruling.unseen(AUDIT, f"the trail cannot be read: {' '.join(str(error).split())}")
    except (NotEstablishedError, NotAssessedError) as error:
        return Ruling.unseen(AUDIT, f"the trail cannot be read: {error}")


def table(observations: Sequence[Observation], rulings: Sequence[Ruling], target: Target) -> str:
    """Return the outcome for the terminal: throughput, latency, answers, invariants."""
    lines = ["", f"load on {_flat(target.target.name)}"]
    lines += [*_figures(observations), ""]
    width = max((len(one.invariant) for one in rulings), default=0)
    for one in rulings:
        verdict = one.verdict.value.upper()
        lines.append(f"  {verdict:<12}  {one.invariant:<{width}}  {_flat(one.evidence)}")
    return "\n".join(lines)


def _figures(observations: Sequence[Observation]) -> list[str]:
    answered = [one for one in observations if one.is_answered]
    if not answered:
        return [f"  requests  {len(observations)}, none answered"]
    seconds = max(one.received for one in answered) - min(one.sent for one in observations)
    refused = [one for one in answered if one.status == HTTPStatus.TOO_MANY_REQUESTS]
    limited = {id(one) for one in refused}
    admitted = [one for one in answered if id(one) not in limited]
    addresses = len({one.address for one in observations})
    statuses = Counter(str(one.status) if one.status else "none" for one in observations)
    total = (
        f"  requests  {len(observations)} in {seconds:.1f} s from {addresses} addresses: "
        f"{_rate(answered, seconds)} answered, {_rate(admitted, seconds)} admitted"
    )
    return [
        total,
        *_latency("admitted", admitted),
        *_latency("limited", refused),
        f"  answers   {', '.join(f'{name}: {count}' for name, count in sorted(statuses.items()))}",
    ]


def _rate(observations: Sequence[Observation], seconds: float) -> str:
    return f"{len(observations) / max(seconds, 0.001):.1f}/s"


def _latency(what: str, observations: Sequence[Observation]) -> list[str]:
    if len(observations) < 2:  # noqa: PLR2004 -- a quantile takes two values
        return []
    times = [(one.received - one.sent) * 1000 for one in observations]
    steps = statistics.quantiles(times, n=100, method="inclusive")
    named = ", ".join(f"p{percent} {steps[percent - 1]:.1f}" for percent in _NAMED)
    return [f"  latency   {what}: {named}, max {max(times):.1f} ms"]


def _flat(text: str) -> str:
    """Return text of a target's choosing as one line that cannot steer a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
