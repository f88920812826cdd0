"""Whether what one client does delays another: an attack by turns with quiet, never one answer.

A machine that is busy with something else delays a caller, too, for a moment. So nothing is held
against a server that was not seen in each of several rounds, in which quiet and attack take turns.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from conformance.channels.http.missing import is_missing
from conformance.verdicts import NotEstablishedError
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.manners.addresses import AddressPool

ROUNDS = 2
"""Rounds in each of which the other caller must have been late before anybody is accused."""
ASKED = 3
"""How often the other caller asks, quiet or not."""
ENOUGH = 2
"""Of these, how many answers must be late in a round."""
MOST_ASKED = 200
"""How often it asks at most beside what is over in a moment, of which one late answer is enough."""
PAUSE = 0.02
"""Seconds between two of those: who asks without a pause is a burden, too."""
QUIET_TRIES = 2
"""How often such a series is begun anew where one of its answers is late."""
RECOVERY = 10.0
"""Seconds in which a server has to be as it was before, once an attack is over."""
NOISE = 4.0
"""Times its slowest quiet answer that one may always take: of an answer in a millisecond, a few
milliseconds more are the machine's."""
_BUSY = 0.5
"""The part of a delay for which the judge itself may have been at work."""
_MOST_LOAD = 6.0
"""Programs that want a processor, for each there is: beyond that, the machine delays everybody."""


@dataclass(frozen=True)
class Asked:
    """What came of one request of the other caller's, in seconds; ``told`` says how it ended."""

    seconds: float
    is_served: bool
    told: str

    def is_late(self, longest: float) -> bool:
        """Tell whether it took longer, or came to nothing."""
        return not self.is_served or self.seconds > longest

    def rank(self) -> tuple[bool, float]:
        """Return what orders answers by how bad they are."""
        return not self.is_served, self.seconds


class Attack(Protocol):
    """What one client does to a server at the moment."""

    def is_over(self) -> bool:
        """Tell whether it has ended by itself: nobody is to be delayed by what is no more."""
        ...

    def spent(self) -> float:
        """Return the seconds of a processor that the judge has spent on it so far."""
        ...

    def part(self) -> str:
        """Return what of it is under way; empty where it has no parts."""
        ...


@dataclass(frozen=True)
class Neighbour:
    """Another caller of a server: it asks as ``ask`` does, which waits so many seconds at most.

    ``bound`` is what a server may delay it by, in seconds. ``is_here`` says that the server is on
    this machine, and has only what others leave of it.
    """

    ask: Callable[[float], Asked]
    bound: float
    is_here: bool = False

    def is_hurt_by(
        self, attack: Callable[[], AbstractContextManager[Attack]], *, is_brief: bool = False
    ) -> str | None:
        """Return how an attack delays this caller, each time; None where it does not.

        One that ``is_brief`` is over by itself. Raises NotEstablishedError where the caller is slow
        without it, or the judge's own work explains the delay, or what else the machine has to do.
        """
        hurt = self._hurt_by(attack, is_brief=is_brief)
        if hurt is not None and self.is_here and (load := _load()) > _MOST_LOAD:
            raise NotEstablishedError(
                f"{hurt}, but {load:.0f} programs wait for each processor of this machine"
            )
        return hurt

    def _hurt_by(
        self, attack: Callable[[], AbstractContextManager[Attack]], *, is_brief: bool
    ) -> str | None:
        seen: list[str] = []
        for number in range(ROUNDS):
            if number and not self._recovers():
                return f"{seen[0]}, and is served no better {RECOVERY:.0f} s after its end"
            quiet = self._quiet()
            with attack() as one:
                found = self._late_beside(one, quiet, is_brief=is_brief)
            if found is None:
                return None
            seen.append(f"{_told(found)}, where it takes {quiet:.3f} s at most without")
        return f"{seen[0]} ({ROUNDS} times, by turns with quiet)"

    def _quiet(self) -> float:
        """Return the slowest of some answers without an attack, the first that are all in time."""
        found = (self._served_at_once() for _ in range(QUIET_TRIES))
        slowest = next((one for one in found if one is not None), None)
        if slowest is None:
            asked = self.ask(self.bound)
            raise NotEstablishedError(
                "could not establish that another caller is served at once by itself: "
                f"it is answered {asked.told} in {asked.seconds:.3f} s"
            )
        return slowest.seconds

    def _served_at_once(self) -> Asked | None:
        """Return the slowest of some answers; None where one of them is late."""
        asked: list[Asked] = []
        for _ in range(ASKED):
            asked.append(self.ask(self.bound))
            if asked[-1].is_late(self.bound):
                return None
        return max(asked, key=Asked.rank)

    def _late_beside(self, attack: Attack, quiet: float, *, is_brief: bool) -> Asked | None:
        """Return the latest answer beside an attack, if as many are late as are enough."""
        enough, most = (1, MOST_ASKED) if is_brief else (ENOUGH, ASKED)
        longest = quiet + max(self.bound, NOISE * quiet)
        late: list[Asked] = []
        for turn in range(1, most + 1):
            asked = self._asked_beside(attack, longest)
            late += [asked] if asked.is_late(longest) else []
            if len(late) >= enough:
                return max(late, key=Asked.rank)
            if turn - len(late) > most - enough or (is_brief and wait_for(attack.is_over, PAUSE)):
                break
        return None

    def suspects(self, attack: Callable[[], AbstractContextManager[Attack]]) -> set[str]:
        """Return what was under way of a brief attack, of several parts, while an answer was late.

        That accuses nobody yet: each is to be tried by itself.
        """
        found: set[str] = set()
        quiet = self._quiet()
        longest = quiet + max(self.bound, NOISE * quiet)
        with attack() as one:
            for _ in range(MOST_ASKED):
                begun = one.part()
                asked = self._asked_beside(one, longest)
                found |= {begun, one.part()} if asked.is_late(longest) else set()
                if wait_for(one.is_over, PAUSE):
                    break
        return found - {""}

    def _asked_beside(self, attack: Attack, longest: float) -> Asked:
        began, spent = time.monotonic(), attack.spent()
        asked = self.ask(longest + self.bound / 2)
        waited = time.monotonic() - began
        if asked.is_late(longest) and attack.spent() - spent > _BUSY * waited:
            raise NotEstablishedError("the judge itself was busy while another caller waited")
        return asked

    def _recovers(self) -> bool:
        return wait_for(lambda: not self.ask(self.bound).is_late(self.bound), RECOVERY, 0.2)


def _load() -> float:
    """Return how many programs have wanted each processor in the last minute."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def _told(worst: Asked) -> str:
    if worst.is_served:
        return f"another caller waits {worst.seconds:.2f} s"
    return f"another caller is answered {worst.told} after {worst.seconds:.2f} s"


def another_caller(wire: Wire, addresses: AddressPool, key: str | None) -> Neighbour:
    """Return a caller that opens a conversation, each time on a new connection from an address.

    Without a key it is refused, at once.
    """

    def ask(seconds: float) -> Asked:
        line = wire.derived(address=addresses.fresh(), seconds=seconds)
        answer = line.knock(key)
        return Asked(answer.seconds, _is_served(answer, key), str(answer))

    target = wire.target
    return Neighbour(ask, target.limits.delay_seconds, is_here=target.is_loopback)


def _is_served(answer: Answer, key: str | None) -> bool:
    return answer.succeeded if key is not None else not is_missing(answer)
