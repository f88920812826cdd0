"""What a measurement found, as values: for a verdict, for a sentence, and for a plot."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from conformance.verdicts import UndecidedError

ALLOW_MORE = "allow the measurement more time by `seconds` in the profile's [timing]"
"""What helps where there were too few data."""


class Outcome(StrEnum):
    """What the samples show so far."""

    SAME = "same"
    LEAK = "leak"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Tolerance:
    """How much difference is tolerated.

    A shift shown to exceed ``microseconds``, or ``share`` of the median if that is more, is a leak;
    so is a delay in more than ``tail_share`` of requests. An all-clear takes proof that both stay
    below ``slack`` times as much: were the two edges one, a server in between could neither pass
    nor fail, and a fair one would take many times the requests to pass.
    """

    microseconds: float = 25.0
    share: float = 0.01
    tail_share: float = 0.03
    slack: float = 2.0

    def at(self, median: float) -> float:
        """Return the tolerated shift, in microseconds, around a median in microseconds."""
        return max(self.microseconds, self.share * median)


@dataclass(frozen=True)
class Shift:
    """By how many microseconds the first class is slower than the second, with its interval."""

    effect: float
    low: float
    high: float


@dataclass(frozen=True)
class Tail:
    """The share of requests in which ``slower`` exceeds the tolerance beyond its fair share.

    It is that of the pooled ``quantile`` at which the excess is the furthest from decided.
    """

    slower: str
    quantile: float
    excess: float
    error: float


@dataclass(frozen=True)
class Pair:
    """Two classes compared. ``enough`` estimates the blocks it takes to show there is no leak."""

    first: str
    second: str
    outcome: Outcome
    shift: Shift
    tail: Tail
    enough: int

    def __str__(self) -> str:
        shift, tail = self.shift, self.tail
        slower = "longer" if shift.effect >= 0 else "less"
        return (
            f"{self.first} took {abs(shift.effect):.1f} µs {slower} than {self.second} (somewhere"
            f" from {shift.low:+.1f} to {shift.high:+.1f} µs); {tail.slower} was late in"
            f" {tail.excess:+.1%} ± {tail.error:.1%} of requests beyond its share, counted at"
            f" percentile {100 * tail.quantile:g}"
        )


@dataclass(frozen=True)
class Look:
    """One look at the samples: a decision, or none yet.

    In microseconds: a shift shown beyond ``tolerance`` fails, one shown below ``wide`` passes.
    """

    blocks: int
    tolerance: float
    wide: float
    outcome: Outcome
    pairs: tuple[Pair, ...]

    @property
    def worst(self) -> Pair:
        """The pair that decided, or that is the furthest from it."""
        leaks = [pair for pair in self.pairs if pair.outcome is Outcome.LEAK]
        return max(
            leaks or self.pairs,
            key=lambda pair: abs(pair.shift.effect) if leaks else float(pair.enough),
        )


@dataclass(frozen=True)
class Histogram:
    """How often each class took how long: ``counts`` by class over bins of equal width, in µs.

    What lies beyond the last bin is counted in it: nothing is left out.
    """

    start: float
    width: float
    counts: dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Planted:
    """A delay that the judge planted in its own requests, in µs, and how it showed."""

    microseconds: float
    shift: Shift

    @property
    def shows(self) -> bool:
        """Whether more than half of it is shown."""
        return self.shift.low > self.microseconds / 2

    @property
    def is_swallowed(self) -> bool:
        """Whether it is shown that less than half of it shows."""
        return self.shift.high < self.microseconds / 2

    def __str__(self) -> str:
        shift = self.shift
        return (
            f"as a trial of the clock, some requests were held back for {self.microseconds:.0f} µs"
            f" before they were sent, and of that {shift.effect:.1f} µs was measured (somewhere"
            f" from {shift.low:+.1f} to {shift.high:+.1f} µs)"
        )


@dataclass(frozen=True, repr=False)
class Measurement:
    """All that one measurement found. ``medians`` are microseconds by class.

    ``objection`` says why equal times would show nothing, if something does. Where there is none,
    ``planted`` is what became of a delay of the judge's own; None if there was no time for one.
    """

    looks: tuple[Look, ...]
    medians: dict[str, float]
    histogram: Histogram
    wide_tail_share: float
    seconds: float
    reconnected: bool
    objection: str = ""
    planted: Planted | None = None

    @property
    def last(self) -> Look:
        """The look that counts."""
        return self.looks[-1]

    @property
    def outcome(self) -> Outcome:
        """What the samples show: equality only where a difference would have shown."""
        return Outcome.UNDECIDED if self.doubt else self.last.outcome

    @property
    def doubt(self) -> str:
        """Why times that are equal show no absence of a leak; empty where they do, or differ."""
        if self.last.outcome is not Outcome.SAME:
            return ""
        if self.objection:
            return self.objection
        if self.planted is None:
            return (
                "no time was left to try whether the clock would have seen a difference;"
                f" {ALLOW_MORE}"
            )
        if not self.planted.shows:
            return (
                f"{self.planted}, so a leak of that size could go unseen as well; end what else"
                f" keeps the processor busy, or {ALLOW_MORE}"
            )
        return ""

    @property
    def requests_to_go(self) -> int:
        """About how many more requests would show that there is no leak."""
        more = max(pair.enough for pair in self.last.pairs) - self.last.blocks
        return max(1, more) * len(self.medians)

    @property
    def leaks(self) -> bool:
        """Whether a difference beyond the tolerance is shown."""
        return self.outcome is Outcome.LEAK

    def require_decision(self) -> None:
        """Raise UndecidedError, hence *inconclusive*, unless the samples have decided."""
        if self.outcome is Outcome.UNDECIDED:
            raise UndecidedError(str(self))

    def __str__(self) -> str:
        """Say in a sentence what was found, and what that does not exclude."""
        look = self.last
        words = {
            Outcome.LEAK: f"the time tells them apart, by more than {look.tolerance:.0f} µs",
            Outcome.SAME: f"differences of {look.wide:.0f} µs are ruled out",
            Outcome.UNDECIDED: (
                f"undecided, since about {self.requests_to_go} more requests are needed"
                f" ({ALLOW_MORE})"
            ),
        }[look.outcome]
        if self.doubt:
            words = f"undecided, though the times are equal: {self.doubt}"
        return f"{words}: {look.worst}; {look.blocks} requests of each kind were timed"

    def __repr__(self) -> str:
        """Tell the same: this is what a failed assertion shows."""
        return f"<{self}>"

    def describe(self) -> str:
        """Return in lines: the outcome, each pair, the medians, the rule, and its limits."""
        look = self.last
        medians = ", ".join(f"{name} {value:.0f} µs" for name, value in self.medians.items())
        lines = [
            f"{self}; {self.seconds:.1f} s",
            *(str(pair) for pair in look.pairs),
            f"medians: {medians}",
            *([] if self.planted is None else [str(self.planted)]),
            f"fails beyond {look.tolerance:.0f} µs, passes below {look.wide:.0f} µs",
            self.limits,
        ]
        return "\n".join(lines)

    @property
    def limits(self) -> str:
        """What even a pass does not exclude."""
        words = (
            f"Not excluded: shifts below {self.last.wide:.0f} µs, longer delays that show in fewer"
            f" than {self.wide_tail_share:.0%} of requests, and comparisons that leak nanoseconds."
        )
        if self.reconnected:
            words += " The target closes its connections, so each request had one of its own."
        return words

    def as_data(self) -> dict[str, Any]:
        """Return everything as JSON-like data, for a report to draw."""
        return {
            **asdict(self),
            "looks": [_look_data(look) for look in self.looks],
            "medians": {name: round(value, 1) for name, value in self.medians.items()},
            "seconds": round(self.seconds, 2),
            "outcome": self.outcome.value,
        }


def _look_data(look: Look) -> dict[str, Any]:
    return {
        "blocks": look.blocks,
        "tolerance": round(look.tolerance, 1),
        "wide": round(look.wide, 1),
        "outcome": look.outcome.value,
        "pairs": [
            {
                "pair": [pair.first, pair.second],
                "shift": [
                    round(x, 1) for x in (pair.shift.low, pair.shift.effect, pair.shift.high)
                ],
                "tail": [pair.tail.quantile, round(pair.tail.excess, 4), round(pair.tail.error, 4)],
                "slower": pair.tail.slower,
                "outcome": pair.outcome.value,
            }
            for pair in look.pairs
        ],
    }
