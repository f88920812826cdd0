"""What the kill matrix judges each server by, and which mutants stand for all of them.

A mutant is judged by the areas of what it names, and by those that the part which it bends belongs
to. Of these areas time is judged where the mutant names it, and what starts further programs
(start-up, workers, verification, migration, the official client, an audit) where it names any such
requirement; those of them that it does not name take turns, as do the costly requirements. ``full``
judges all but TIME on every mutant, and all of TIME on those that name any of it. The healthy
server is judged by all but TIME, and a benign variant by what looks at the form of an answer: by
each requirement that it touches, of the others by every eighth, and of the costly ones by every
fourteenth, so that each requirement meets many variants; by all of them with ``full``.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.catalogue import requirements
from conformance.model import STARTING, Channel
from reference_server.mutants.bench.registry import home_of
from reference_server.mutants.model import Benign

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from reference_server.mutants.model import Mutant

TIMED = "TIME"
FORMLESS = STARTING - {Channel.OFFICIAL_CLIENT} | {Channel.REPOSITORY, Channel.PULL_REQUEST}
"""Channels by which a check does not see the form of an answer: of other programs, or of files."""
ALSO_STARTING = {name for name, entry in requirements().items() if entry.starts_programs}
"""Requirements of which one check of several starts a program."""
COSTLY = tuple(name for name, entry in requirements().items() if entry.costly)
"""Requirements that take most of the time: they bring limits down, fuzz, race, or start official
clients. Where a server need not fail them it is judged by ``1 / TURNS`` of them, if not in full; so
it is by what starts a program, which costs about as much.
"""
TURNS = 5
BENIGN_TURNS, COSTLY_BENIGN_TURNS = 8, 14
"""A benign variant is judged by one in so many of what it does not touch: each meets a dozen forms
or more, and what is costly half as many.
"""


@dataclass(frozen=True)
class Case:
    """One server to judge: ``names`` must fail; ``lacks``, of a benign one, cannot be assessed.

    ``lacks`` is None for a mutant, of which nothing is demanded beside what it names. ``judged``
    are requirement ids, ``without`` channels that are left unused, ``profile`` tells of the server
    where that is not the reference server's.
    """

    name: str
    names: frozenset[str]
    lacks: frozenset[str] | None = None
    judged: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    bends_start: bool = False
    profile: Path | None = None

    @classmethod
    def of(cls, mutant: Mutant, *, full: bool) -> Case:
        """Return the case of a mutant or of a benign variant."""
        lacks, profile = None, None
        if isinstance(mutant, Benign):
            lacks, profile = mutant.lacks, mutant.profile
        unused = FORMLESS if lacks is not None else STARTING
        is_started = full or mutant.bends_start or _names_a_start(mutant)
        without = () if is_started else tuple(sorted(unused - _needs_of_touched(mutant)))
        judged = _judged(mutant, without, full=full)
        return cls(mutant.id, mutant.fails, lacks, judged, without, mutant.bends_start, profile)

    @property
    def is_cold(self) -> bool:
        """Whether it is started as a real process, as the main job starts it.

        So is what bends the start itself, which a fork of a warm process does not go through; and
        what is timed, for which the judge must have started it: it gives it a core of its own.
        """
        return self.bends_start or self.is_timed

    @property
    def has_drill(self) -> bool:
        """Whether a migration may be tried on it."""
        return Channel.MIGRATION not in self.without

    @property
    def has_workers(self) -> bool:
        """Whether several processes of it may be started, which share a store."""
        return Channel.WORKERS not in self.without

    @property
    def is_timed(self) -> bool:
        """Whether time is judged, so that nothing else should run beside it."""
        return any(requirements()[name].area == TIMED for name in self.judged)

    def is_met(self, verdicts: Mapping[str, str]) -> bool:
        """Tell whether the verdicts are exactly those that this server must get."""
        seen = self.names | (self.lacks or frozenset())
        return seen <= verdicts.keys() and all(map(self.is_met_by, verdicts, verdicts.values()))

    def is_met_by(self, name: str, verdict: str) -> bool:
        """Tell whether a requirement's verdict is one that it must get on this server."""
        if self.lacks is None:
            return (verdict == "fail") == (name in self.names)
        return verdict == ("not assessed" if name in self.lacks else "pass")


HEALTHY = Case(
    "healthy",
    frozenset(),
    frozenset(),
    tuple(name for name, entry in requirements().items() if entry.area != TIMED),
)
"""Its time is judged by the main job: to show the absence of a leak takes a quiet machine."""


def failed_in(verdicts: Mapping[str, str]) -> frozenset[str]:
    """Return the requirements that failed."""
    return frozenset(found for found, verdict in verdicts.items() if verdict == "fail")


def _judged(mutant: Mutant, without: Sequence[str], *, full: bool) -> tuple[str, ...]:
    """Return the ids of the requirements that a mutant is judged by."""
    known = requirements()
    areas = {known[name].area for name in mutant.fails} | {home_of(mutant)}

    def is_judged(name: str) -> bool:
        entry = known[name]
        if isinstance(mutant, Benign) and name in mutant.lacks:
            return True  # it starts nothing, and shows that the form leaves it without a subject
        if set(without).intersection(entry.needs):
            return False
        if entry.area == TIMED:
            return name in mutant.fails or (full and TIMED in areas)
        if isinstance(mutant, Benign):
            return full or _is_of_form(mutant, name)
        if full or name in mutant.fails:
            return True
        takes_turns = entry.costly or (not without and _starts(name))
        return entry.area in areas and (not takes_turns or _is_its_turn(mutant, name, TURNS))

    return tuple(filter(is_judged, known))


def _is_of_form(variant: Benign, name: str) -> bool:
    """Tell whether a requirement is judged on a variant when not all are."""
    if name in variant.touches:
        return True
    turns = COSTLY_BENIGN_TURNS if name in COSTLY else BENIGN_TURNS
    return name not in ALSO_STARTING and _is_its_turn(variant, name, turns)


def _is_its_turn(mutant: Mutant, name: str, turns: int) -> bool:
    """Tell whether it is a requirement's turn to be judged on a server, one in about ``turns``.

    The two names decide alone: what is judged of a server stays as it is, whatever is added.
    """
    return zlib.crc32(f"{mutant.id} {name}".encode()) % turns == 0


def _needs_of_touched(mutant: Mutant) -> frozenset[Channel]:
    """Return the channels through which one sees what a benign variant touches."""
    touched = mutant.touches if isinstance(mutant, Benign) else ()
    return frozenset[Channel]().union(*(requirements()[name].needs for name in touched))


def _names_a_start(mutant: Mutant) -> bool:
    """Tell whether a mutant names what is seen, or seen as well, by starting a program."""
    return any(map(_starts, mutant.fails))


def _starts(name: str) -> bool:
    """Tell whether a requirement, or one check of several, starts a program."""
    return name in ALSO_STARTING or not STARTING.isdisjoint(requirements()[name].needs)


def covering(cases: Iterable[Case]) -> list[Case]:
    """Return few of the cases that between them name all that any of them names.

    Each in turn names the most that is still unnamed; of several, one that starts no program, is
    served by a fork, and is judged by the fewest requirements.
    """
    left = {case.name: case for case in sorted(cases, key=lambda case: case.name)}
    unnamed = frozenset[str]().union(*(case.names for case in left.values()))
    chosen: list[Case] = []

    def worth(case: Case) -> tuple[int, bool, bool, int]:
        is_quick = bool(case.without), not case.is_cold
        return (len(case.names & unnamed), *is_quick, -len(case.judged))

    while unnamed:
        best = max(left.values(), key=worth)
        chosen.append(left.pop(best.name))
        unnamed -= best.names
    return chosen


def beside_cover(cases: Sequence[Case]) -> list[Case]:
    """Return the mutants that ``covering`` leaves; the healthy server is the main job's."""
    chosen = {HEALTHY.name, *(case.name for case in covering(cases))}
    return [case for case in cases if case.name not in chosen]
