"""Collects times of several classes of request so that nothing but the class tells them apart.

Each block holds one request of each class in a fresh random order; a connection comes from an
address of its own, is opened by a request that is not timed, and carries few enough failures that
the address stays below the target's limits. How samples are collected decides more than how they
are tested: sampling one class after the other gave up to 74 % false alarms.
"""

from __future__ import annotations

import gc
import random
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from conformance.timing.exchange import Connection, Endpoint, ExchangeError, Timed

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Generator

    from numpy.typing import NDArray

WARM_UP = 100
"""Requests that are thrown away before the first that counts."""
MOST_BLOCKS = 10
"""Blocks that one address carries even where no limit is declared: what sets one connection apart
from others must not set a long run of samples apart."""
_MARGIN = 1
"""Failures kept in hand at each address, so that a repeated request never engages a block."""
_FEW_BROKEN = 20
"""Blocks that may be lost to a broken connection before the target counts as unreliable."""
_SHORT = 6.0
"""Seconds that may be lost so, which is one connection on which nothing comes."""


@dataclass(frozen=True)
class Probe:
    """A class of request: its name, and the one prepared request that stands for it.

    ``delay`` is planted before each is sent, in nanoseconds, and counts as the target's. ``rest``
    is what the target is left alone for before that, and does not count.
    """

    name: str
    request: bytes = field(repr=False)
    delay: int = 0
    rest: int = 0


@dataclass(frozen=True)
class Plan:
    """What to sample and how.

    ``opening`` goes first on each connection and is not timed; ``opening_fails`` tells that it
    counts as a failed authentication, too. ``failures`` and ``requests`` are the target's limits
    for one address.
    """

    url: str
    probes: tuple[Probe, ...]
    opening: bytes = field(repr=False)
    opening_fails: bool = False
    failures: int = 10
    requests: int = 100

    @property
    def blocks_an_address(self) -> int:
        """Blocks one address is to carry, without ever reaching a limit; 0 if it can carry none."""
        failures = self.failures - _MARGIN - self.opening_fails
        requests = self.requests - _MARGIN - 1
        return max(0, min(min(failures, requests) // len(self.probes), MOST_BLOCKS))


class Sampler:
    """Collects blocks, as many as asked for, and can be asked for more.

    ``address`` returns an unused client address; ``chance`` decides the order of each block.
    """

    def __init__(
        self,
        plan: Plan,
        address: Callable[[], str | None],
        *,
        chance: random.Random | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        if not plan.blocks_an_address:
            raise ValueError("the limits leave no room for one block of requests at an address")
        self._plan, self._address, self._tls = plan, address, tls
        self._endpoint = Endpoint.of(plan.url)
        self._chance = chance or random.Random()  # noqa: S311 -- an order, no secret
        self._blocks: list[list[Timed]] = []
        self._lost, self._lost_seconds = 0, 0.0
        self._is_warm = False
        self.reconnects = False
        self.statuses: Counter[tuple[str, int]] = Counter()

    @property
    def times(self) -> NDArray[np.int64]:
        """The nanoseconds of each request: a row a block, a column a probe."""
        return self._array([[timed.nanoseconds for timed in block] for block in self._blocks])

    @property
    def ends(self) -> NDArray[np.int64]:
        """When each answer was there, in nanoseconds of the clock, placed as in ``times``."""
        return self._array([[timed.ended for timed in block] for block in self._blocks])

    @property
    def probes(self) -> tuple[Probe, ...]:
        """The classes of request."""
        return self._plan.probes

    def another(self, *probes: Probe) -> Sampler:
        """Return one that samples other classes in the same way, once this one has begun to.

        What both see is counted in the same ``statuses``. Raises ValueError where the limits leave
        no room for a block of them.
        """
        plan = replace(self._plan, probes=probes)
        other = Sampler(plan, self._address, chance=self._chance, tls=self._tls)
        other._is_warm, other.reconnects = self._is_warm, self.reconnects
        other.statuses = self.statuses
        return other

    def _array(self, rows: list[list[int]]) -> NDArray[np.int64]:
        return np.array(rows, dtype=np.int64).reshape(len(rows), len(self._plan.probes))

    def ask_once(self, request: bytes) -> int:
        """Return the status of one request, sent as the timed ones are, from its own address."""
        with Connection(self._endpoint, self._address(), self._tls) as line:
            return line.ask(request).status

    def collect(self, blocks: int, deadline: float = float("inf")) -> int:
        """Sample until there are ``blocks`` or the monotonic ``deadline`` is over; return how many.

        Raises ExchangeError when the target keeps failing to answer.
        """
        with _no_garbage_collection():
            if not self._is_warm:
                self._warm_up(deadline)
            while len(self._blocks) < blocks and time.monotonic() < deadline:
                wanted = min(self._plan.blocks_an_address, blocks - len(self._blocks))
                self._blocks += self._from_one_address(wanted)
        return len(self._blocks)

    def _warm_up(self, deadline: float) -> None:
        sent = 0
        while sent < WARM_UP and time.monotonic() < deadline:
            blocks = self._from_one_address(self._plan.blocks_an_address)
            sent += max(1, len(blocks)) * len(self._plan.probes)
        self._is_warm = True

    def _from_one_address(self, wanted: int) -> list[list[Timed]]:
        """Return up to ``wanted`` complete blocks; a block during which the line broke is lost."""
        address, done = self._address(), list[list[Timed]]()
        started = time.monotonic()
        if self.reconnects:
            return [self._block_of_single_connections(address) for _ in range(wanted)]
        try:
            with Connection(self._endpoint, address, self._tls) as line:
                if line.ask(self._plan.opening).closes:
                    self.reconnects = True
                    return done
                while len(done) < wanted and not self.reconnects:
                    started = time.monotonic()
                    done.append(self._block_on(line))
        except ExchangeError:
            self._lost += 1
            self._lost_seconds += time.monotonic() - started
            if self._lost > _FEW_BROKEN or self._lost_seconds > _SHORT:
                raise
        return done

    def _block_on(self, line: Connection) -> list[Timed]:
        probes, block = self._plan.probes, dict[int, Timed]()
        for place, index in enumerate(order := self._order(), start=1):
            timed = block[index] = _asked(line, probes[index])
            self.statuses[probes[index].name, timed.status] += 1
            if timed.closes:
                self.reconnects = True
                if place < len(order):
                    raise ExchangeError("the target closes the connection after an answer")
        return [block[index] for index in range(len(probes))]

    def _block_of_single_connections(self, address: str | None) -> list[Timed]:
        probes, block = self._plan.probes, dict[int, Timed]()
        for index in self._order():
            with Connection(self._endpoint, address, self._tls) as line:
                timed = block[index] = _asked(line, probes[index])
            self.statuses[probes[index].name, timed.status] += 1
        return [block[index] for index in range(len(probes))]

    def _order(self) -> list[int]:
        order = list(range(len(self._plan.probes)))
        self._chance.shuffle(order)
        return order


def _asked(line: Connection, probe: Probe) -> Timed:
    return line.ask(probe.request, probe.delay, probe.rest)


@contextmanager
def _no_garbage_collection() -> Generator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
