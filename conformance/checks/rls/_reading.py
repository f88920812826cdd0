"""Reads of two tenants in turn and at once, and whose data was in their answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from conformance.analysis.own_words import own_words, words_in
from conformance.text.disguised import shows
from conformance.verdicts import establish
from conformance.waiting import gather

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from conformance.channels.http.answer import Answer
    from conformance.forge.keys import Keys, TenantKeys


@dataclass
class Reader:
    """Reads as one tenant and as the other, and keeps count of whose data it got.

    Once an answer was crossed it reads no more: where responses are exchanged, others may never
    come. ``own`` are words of the tenants' data, and ``strays`` answers that held the other's.
    """

    ask: Callable[[TenantKeys], Answer]
    keys: Keys
    crossed: list[str] = field(default_factory=list[str])
    unanswered: list[Answer] = field(default_factory=list["Answer"])
    owned: int = 0
    lacked: int = 0
    own: dict[int, frozenset[str]] = field(default_factory=dict[int, frozenset[str]])
    strays: list[tuple[int, frozenset[str]]] = field(
        default_factory=list[tuple[int, frozenset[str]]]
    )
    lock: Lock = field(default_factory=Lock)  # bounded: held to count

    def learn(self) -> None:
        """Read as both in turn, and learn what stands in the answers of one alone."""
        texts = [self.read(turn) for turn in range(2 * QUIET)]
        for whose in (0, 1):
            self.own[whose] = own_words(texts[whose::2], texts[1 - whose :: 2])

    def astray(self) -> str:
        """Say which words were shown to the wrong tenant and are not when all is quiet, if any."""
        strays, self.strays = self.strays, []
        for turn, words in strays[:1]:
            quiet = [(self.read(turn % 2), self.read(1 - turn % 2)) for _ in range(QUIET)]
            still = own_words([owners for _, owners in quiet], [mine for mine, _ in quiet])
            if words := words & still:
                return f"what only the other is shown in quiet: {', '.join(sorted(words)[:3])}"
        return ""

    def establish_canaries(self) -> None:
        """Read as each tenant in quiet; it must find its own canary, if it has one."""
        for tenant in (self.keys.a, self.keys.b):
            answer = self.ask(tenant)
            what = f"{tenant.tenant_id} alone finds its own canary (got {answer})"
            establish(tenant.tenant.canary is None or holds(tenant, answer.text), what)

    def read(self, turn: int) -> str:
        """Read as the tenant whose turn it is, and return what it got."""
        if self.crossed:
            return ""
        tenant, other = (self.keys.a, self.keys.b) if turn % 2 else (self.keys.b, self.keys.a)
        answer = self.ask(tenant)
        is_own = holds(tenant, answer.text)
        foreign = words_in(answer.text) & self.own.get(1 - turn % 2, frozenset())
        with self.lock:
            if holds(other, answer.text):
                self.crossed.append(str(answer))
            if foreign:
                self.strays.append((turn, foreign))
            if not answer.succeeded and len(self.unanswered) < MOST_KEPT:
                self.unanswered.append(answer)
            self.owned += is_own
            self.lacked += not is_own
        return answer.text


QUIET = 3
"""Reads of a tenant while nobody else reads: what is in all of them is no accident."""
MOST_KEPT = 10
"""Answers that were none, of thousands."""


def at_several_widths(read: Callable[[int], object], widths: Mapping[int, int]) -> Iterator[str]:
    """Make reads, so many by so many at once, and yield how."""
    for width, calls in widths.items():
        gather(read, range(calls), at_once=width)
        yield f"{width} at once"


def holds(tenant: TenantKeys, text: str) -> bool:
    """Tell whether a text shows a tenant's canary; False where it has none."""
    canary = tenant.tenant.canary
    return canary is not None and shows(canary, text)
