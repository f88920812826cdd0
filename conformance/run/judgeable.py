"""What could be judged with a profile, found out without a request to the target."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from conformance.catalogue import requirements
from conformance.model import Channel
from conformance.profile import reading as profiles
from conformance.profile.expectations import named_checks
from conformance.profile.tenants import ONE_KEY
from conformance.requirement import mark_of
from conformance.run import dry_run as traffic
from conformance.run.plan import Plan
from conformance.run.recorder import unseen_reason
from conformance.text.plain import flat
from conformance.verdicts import NotAssessedError, check_modules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conformance.model import Requirement
    from conformance.profile.target import Target
    from conformance.run.options import Options

_WIDTH = 100
_LEAVE = "exhausts limits, blocks addresses or moves the clock: give --intrusive"


@dataclass(frozen=True)
class Declared:
    """A check as its decorator declares it; see ``requirement``."""

    name: str
    requirement: str
    needs: tuple[Channel, ...]
    unless: str


@cache
def checks() -> tuple[Declared, ...]:
    """Return every check."""
    return tuple(_all_checks())


def _all_checks() -> Iterator[Declared]:
    for module in map(import_module, check_modules()):
        for name, value in vars(module).items():
            if name.startswith("test_") and value.__module__ == module.__name__:
                mark = mark_of(value)
                entry = requirements()[mark.args[0]]
                needs = (*entry.needs, *mark.kwargs.get("also_needs", ()))
                yield Declared(name, entry.id, needs, mark.kwargs.get("unless", ""))


def obstacle(
    target: Target, options: Options, entry: Requirement, needs: tuple[Channel, ...]
) -> NotAssessedError | None:
    """Return why a check with these needs cannot be made at all; None where it can."""
    if reason := target.inapplicable(entry.id):
        return NotAssessedError(f"not applicable: {reason}")
    if absent := [path for need in needs for path in need.paths if target.says_none(path)]:
        return NotAssessedError(
            f"not applicable: the profile says of {absent[0]} that there is none"
        )
    missing = tuple(need for need in needs if need in options.without or not target.has(need))
    if missing:
        return NotAssessedError(unseen_reason(missing), *missing)
    if entry.crosses_tenants and target.tenants and target.tenants.are_one:
        return NotAssessedError(ONE_KEY)
    return NotAssessedError(_LEAVE) if _wants_leave(target, options, entry) else None


def _wants_leave(target: Target, options: Options, entry: Requirement) -> bool:
    return entry.alone and not target.is_loopback and not options.is_intrusive


@dataclass(frozen=True)
class Prospect:
    """One requirement, and what keeps it from being judged; nothing where it could be.

    ``is_begun`` tells that at least one of its checks can be made.
    """

    requirement: Requirement
    lacking: tuple[str, ...]
    is_begun: bool


def prospects(target: Target, options: Options) -> list[Prospect]:
    """Return what could be judged of the requirements that the options select.

    A requirement needs all of its checks: what went partly unseen is not assessed.
    """
    lacking: defaultdict[str, dict[str, None]] = defaultdict(dict)
    begun: set[str] = set()
    for check in checks():
        if check.unless and target.says_none(check.unless):
            continue
        entry = requirements()[check.requirement]
        found = obstacle(target, options, entry, check.needs)
        if found is None:
            begun.add(entry.id)
        else:
            words = [channel.supplied_by for channel in found.missing] or [str(found)]
            words += [_LEAVE] if _wants_leave(target, options, entry) else []
            lacking[entry.id].update(dict.fromkeys(words))
    return [
        Prospect(entry, tuple(lacking[entry.id]), entry.id in begun)
        for entry in requirements().values()
        if options.selects(entry)
    ]


def require_known_checks(target: Target) -> None:
    """Raise ProfileError for an entry that names a check which its requirement does not have."""
    for entry, identity, name in named_checks(target):
        known = [check.name for check in checks() if check.requirement == identity]
        if name.partition("[")[0] not in known:
            raise profiles.ProfileError(
                f"{entry}: {identity} has no check {name!r}; it has {', '.join(known)}"
            )


KEYLESS = (
    "Without a right key a violation can be found and nothing can pass: whoever refuses everyone\n"
    "looks the same."
)
"""What the count of those that could be judged does not say."""


def check_profile(options: Options, root: Path) -> str:
    """Return what ``--check-profile`` prints. Raises ProfileError for a profile that is wrong."""
    plan = Plan.of(options, root)
    found = prospects(_target(plan), options)
    count = sum(not one.lacking for one in found)
    lines = [f"{plan.name} is valid: {count} of {len(found)} requirements could be judged with it"]
    if any(Channel.KEYS.supplied_by in one.lacking for one in found):
        lines.append(KEYLESS)
    return "\n".join([*lines, "", *_by_area(found), *_by_what_is_lacking(found)]) + "\n"


def dry_run(options: Options, root: Path) -> str:
    """Return what ``--dry-run`` prints. Raises ProfileError for a profile that is wrong."""
    target = _target(Plan.of(options, root))
    return traffic.told(target, options, prospects(target, options))


def _target(plan: Plan) -> Target:
    target = plan.target()
    require_known_checks(target)
    if plan.profile is not None:
        profiles.require_current(plan.profile, target)
    return target


def _by_area(found: list[Prospect]) -> Iterator[str]:
    areas: defaultdict[str, list[Prospect]] = defaultdict(list)
    for one in found:
        areas[one.requirement.area].append(one)
    yield f"{'area':<8}{'judged':>8}{'of':>6}  could be judged"
    for area, group in areas.items():
        ids = [one.requirement.id for one in group if not one.lacking]
        yield from _wrapped(f"{area:<8}{len(ids):>8}{len(group):>6}  ", ids or ["nothing"])


def _by_what_is_lacking(found: list[Prospect]) -> Iterator[str]:
    grouped: defaultdict[str, list[str]] = defaultdict(list)
    for one in found:
        for what in one.lacking:
            grouped[what].append(one.requirement.id)
    if grouped:
        yield from ("", "What the rest lack, and how many lack it:")
    for what, ids in sorted(grouped.items(), key=lambda pair: -len(pair[1])):
        yield f"{len(ids):>4}  {flat(what)}"
        yield from _wrapped(" " * 6, ids)


def _wrapped(start: str, ids: list[str]) -> list[str]:
    return textwrap.wrap(
        ", ".join(ids),
        _WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_on_hyphens=False,
    )
