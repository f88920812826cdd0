"""Addresses and tenants at their limit: brought there once, and used by every check they outlast.

Reaching a limit takes hundreds of requests, and what is at its limit stays there for a window.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.verdicts import establish
from conformance.waiting import gather

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.manners.addresses import AddressPool
    from conformance.profile.target import Target

LIMITED = 429
"""Too Many Requests (RFC 6585 section 4)."""

AT_ONCE = 16
"""How many requests are in flight where the order in which they are counted does not matter."""

MOST_AGAIN = 3
"""How often is measured again what the end of a window would explain."""

_USABLE = 0.5
"""The part of a window for which something counts as being at its limit."""


@dataclass(frozen=True)
class _Held:
    """A key, and the address it was spent from, as far as the address matters."""

    key: str
    address: str | None
    since: float = field(default_factory=time.monotonic)

    def lasts(self, window: int) -> bool:
        return time.monotonic() - self.since < _USABLE * window


@dataclass
class HeldAtLimit:
    """What the run has at its limit just now. ``forget`` it whenever time passes at the target."""

    address: _Held | None = None
    tenant: _Held | None = None

    def forget(self) -> None:
        """Take nothing to be at its limit any more."""
        self.address = self.tenant = None


@dataclass(frozen=True)
class Exhaustion:
    """Brings addresses and tenants to their limits, for one check.

    ``fresh_key`` returns a working key of the spared tenant with every window empty, and
    ``pass_windows`` empties them again.
    """

    wire: Wire
    target: Target
    addresses: AddressPool
    held: HeldAtLimit
    fresh_key: Callable[[], str]
    pass_windows: Callable[[], None]

    def measured(
        self, measure: Callable[[], list[Answer]], limit: int, window: int
    ) -> list[list[Answer]]:
        """Measure once; where too many were let in, until that is seen again. Return all of it.

        Windows may keep to the clock: where one ends during a measurement, the next admits as many
        again. It cannot end during two, each a window (in seconds) after the one before, unless a
        measurement takes half of it. And where too few were let in, a busy target may only then
        have come to what it was sent before, by a client that has long gone: a second measurement
        stands for the first.
        """
        found = [measure()]
        if admitted(found[0]) < limit:
            self.pass_windows()
            found = [measure()]
        if admitted(found[0]) > limit:
            more = int(window / (duration(found[0]) + 1)) - 1
            for _ in range(max(1, min(MOST_AGAIN, more))):
                self.pass_windows()
                found.append(measure())
                if admitted(found[-1]) > limit:
                    break
        return found

    def spend_address(self) -> tuple[Wire, str, list[Answer]]:
        """Send one request more than an address may; return its line, the key and all answers."""
        key, address = self.fresh_key(), self.addresses.fresh()
        line = self.wire.derived(address=address)
        held = _Held(key, address)
        limits = self.target.limits
        turns = [(line, key)] * (limits.address_requests + 1)
        answers = _knock_in_turn(turns, limits.address_window_seconds)
        self.held.address = held
        return line, key, answers

    def address_at_limit(self) -> tuple[Wire, str]:
        """Return a line from an address that is refused now, and the key it was spent with."""
        held = self.held.address
        if held is not None and held.lasts(self.target.limits.address_window_seconds):
            line, key = self.wire.derived(address=held.address), held.key
        else:
            line, key, _ = self.spend_address()
        refused = line.knock(key)
        if refused.status != LIMITED:  # a window by the clock ends when it will
            line, key, _ = self.spend_address()
            refused = line.knock(key)
        establish(refused.status == LIMITED, "an address is at its limit")
        return line, key

    def spend_tenant(self, more_keys: Sequence[Callable[[], str]] = ()) -> list[Answer]:
        """Send one request more than a tenant may, from enough addresses; return all answers.

        ``more_keys`` mint keys of the tenant to take in turn with the first.
        """
        limits = self.target.limits
        keys = [self.fresh_key(), *(mint() for mint in more_keys)]
        held = _Held(keys[0], None)
        answers = self._spend(keys, limits.tenant_requests + 1)
        self.held.tenant = held
        return answers

    def spend(self, credential: str | None, count: int) -> list[Answer]:
        """Send so many requests with a credential, from enough addresses; return all answers."""
        return self._spend([credential], count)

    def _spend(self, keys: Sequence[str | None], total: int) -> list[Answer]:
        limits = self.target.limits
        count = total // (limits.address_requests - 1) + 1
        lines = [self.wire.derived(address=self.addresses.fresh()) for _ in range(count)]
        turns = [(lines[turn % count], keys[turn % len(keys)]) for turn in range(total)]
        return _knock_in_turn(turns, limits.tenant_window_seconds)

    @property
    def tenant_key(self) -> str | None:
        """The key of the tenant that is at its limit; None where none is."""
        return self.held.tenant.key if self.held.tenant else None

    def tenant_at_limit(self) -> Answer:
        """Bring the spared tenant to its limit if it is not there; return a refusal, just given."""
        held = self.held.tenant
        if held is None or not held.lasts(self.target.limits.tenant_window_seconds):
            self.spend_tenant()
        refused = self._knock_for_tenant()
        if refused.status != LIMITED:  # a window by the clock ends when it will
            self.spend_tenant()
            refused = self._knock_for_tenant()
        establish(refused.status == LIMITED, "the tenant is at its limit")
        return refused

    def _knock_for_tenant(self) -> Answer:
        return self.knock(self.tenant_key)

    def knock(self, credential: str | None) -> Answer:
        """Knock with a credential from an address that nobody has used."""
        return self.wire.derived(address=self.addresses.fresh()).knock(credential)


def _knock_in_turn(turns: Sequence[tuple[Wire, str | None]], window: int) -> list[Answer]:
    """Knock on each line with its key; on a slow target, all but the first and last at once.

    Slow is one whose window (in seconds) would be half over if each waited for the one before.
    """
    first = _knock(turns[0])
    if first.seconds * len(turns) > window / 2:
        answers = gather(_knock, turns[1:-1], at_once=AT_ONCE)
    else:
        answers = [_knock(turn) for turn in turns[1:-1]]
    return [first, *answers, _knock(turns[-1])]


def _knock(turn: tuple[Wire, str | None]) -> Answer:
    line, key = turn
    return line.knock(key)


def require_one_window(answers: Sequence[Answer], window: int) -> None:
    """Raise NotEstablishedError unless all were answered within one window of so many seconds.

    Of those that came earlier a moving window remembers nothing, and may admit as many again.
    """
    took = duration(answers)
    establish(
        took < window,
        f"{len(answers)} requests are answered within a window of {window} s (took {took:.1f} s)",
    )


def are_counted(answers: Sequence[Answer]) -> bool:
    """Tell whether every request was admitted or limited: anything else counts nothing."""
    return all(answer.succeeded or answer.status == LIMITED for answer in answers)


def admitted(answers: Sequence[Answer]) -> int:
    """Return how many were not refused by a limit."""
    return sum(answer.status != LIMITED for answer in answers)


def duration(answers: Sequence[Answer]) -> float:
    """Return the seconds from the first request to the last answer."""
    ended = max(answer.started + answer.seconds for answer in answers)
    return ended - min(answer.started for answer in answers)
