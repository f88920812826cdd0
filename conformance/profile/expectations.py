"""What a profile says of verdicts beforehand: known failures, and what does not apply."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

from conformance.catalogue import areas, requirements
from conformance.model import Known, Standing, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from conformance.model import CheckResult
    from conformance.profile.sections import KnownFailure
    from conformance.profile.target import Target


@dataclass(frozen=True)
class Trouble:
    """An entry of the profile that speaks of nothing, and a sentence that says so."""

    entry: str
    sentence: str


def trouble(target: Target) -> Trouble | None:
    """Return the first entry that names what the catalogue does not have, or contradicts another.

    Such an entry would excuse nothing, and nobody would notice.
    """
    for name in target.known_failures:
        entry = f"known_failures.{name}"
        if name not in requirements():
            return Trouble(entry, f"no such requirement{_meant(name, requirements())}")
        if target.inapplicable(name) is not None:
            return Trouble(entry, "stands under [not_applicable] as well; keep one of the two")
    known = {*requirements(), *areas()}
    for name in target.not_applicable:
        subject, colon, _ = name.partition(":")
        if colon and subject not in requirements():
            sentence = f"there is no such requirement{_meant(subject, requirements())}"
            return Trouble(f"not_applicable.{name}", sentence)
        if subject not in known:
            sentence = f"neither a requirement nor an area{_meant(name, known)}"
            return Trouble(f"not_applicable.{name}", sentence)
    known = target.authorization
    if known.broad is not None and known.narrow is None:
        return Trouble("authorization.broad", "makes the calls of [authorization.narrow]; write it")
    return _of_callers(target)


def _of_callers(target: Target) -> Trouble | None:
    """Return the first identity that cannot be made of what the profile has."""
    policy, known = target.policy, target.authorization
    scoped = {"narrow": known.narrow, "broad": known.broad}
    tables = {
        "policy.identities": policy.identities,
        "policy.rates": policy.rates,
        "orgs.members": target.orgs.members,
        "orgs": {} if target.orgs.guest is None else {"guest": target.orgs.guest},
        "authorization": {name: one for name, one in scoped.items() if one is not None},
    }
    for table, entries in tables.items():
        if entries and target.tenants is None:
            sentence = "identities belong to tenants; write [tenants.a] and [tenants.b]"
            return Trouble(table.partition(".")[0], sentence)
        for name, one in entries.items():
            entry = f"{table}.{name}"
            if getattr(target.tenants, one.tenant, None) is None:
                return Trouble(f"{entry}.tenant", "is spare, and there is no [tenants.spare]")
            if one.claims is not None and target.channels.signing is None:
                sentence = "tokens with other claims take the key; write [channels.signing]"
                return Trouble(f"{entry}.claims", sentence)
    return None


def named_checks(target: Target) -> Iterator[tuple[str, str, str]]:
    """Yield each check that the profile names: the entry, the requirement and the check's name."""
    for identity, failure in target.known_failures.items():
        yield from ((f"known_failures.{identity}.checks", identity, one) for one in failure.checks)
    for name in target.not_applicable:
        identity, colon, check = name.partition(":")
        if colon:
            yield f"not_applicable.{name}", identity, check


def today() -> date:
    """Return the day by which known failures are dated (UTC)."""
    return datetime.now(UTC).date()  # noqa: TID251 -- days of the calendar, by the wall clock


def known(
    target: Target, requirement_id: str, results: Sequence[CheckResult], day: date
) -> Known | None:
    """Return what the profile knows of a failure, and how the verdicts of a day stand to it.

    None where a check fails that the entry does not name: of that failure nobody knew.
    """
    entry = target.known_failures.get(requirement_id)
    if entry is None or any(
        one.verdict is Verdict.FAIL and not _is_meant(entry, one) for one in results
    ):
        return None
    verdict = Verdict.combine([one.verdict for one in results if _is_meant(entry, one)])
    standing = Standing.of(verdict, is_past=entry.until < day)
    return Known(entry.reason, entry.until.isoformat(), standing)


def unknown_first(
    target: Target, requirement_id: str, results: Sequence[CheckResult]
) -> tuple[CheckResult, ...]:
    """Return the results with those first that no known failure excuses."""
    entry = target.known_failures.get(requirement_id)
    if entry is None:
        return tuple(results)
    return tuple(sorted(results, key=lambda one: _is_meant(entry, one)))


def _is_meant(entry: KnownFailure, result: CheckResult) -> bool:
    names = {result.name, result.name.partition("[")[0]}
    return not entry.checks or not names.isdisjoint(entry.checks)


def _meant(name: str, names: Iterable[str]) -> str:
    near = get_close_matches(name.upper(), list(names), n=1)
    return f"; was {near[0]} meant?" if near else "; ids look like AUTH-01"
