"""Requests that name the delay of their refusal, as the benchmark's servers understand it."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.forge.keys import random_key
from conformance.forge.requests import STATELESS, Request, opening
from conformance.timing.sampling import Plan, Probe, Sampler
from conformance.timing.stopwatch import prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

NAMES = ("plain", "planted")


@dataclass(frozen=True)
class Leak:
    """A delay in one request of ``one_in``."""

    microseconds: int
    one_in: int = 1

    @classmethod
    def parse(cls, text: str) -> Leak:
        """Read ``50`` or ``1000/10``. Raises ValueError."""
        microseconds, _, one_in = text.partition("/")
        return cls(int(microseconds), int(one_in or 1))

    @property
    def header(self) -> str:
        """The header's value; all values are of one length, so that only the delay differs."""
        return f"{self.microseconds:05d}/{self.one_in:03d}"

    def __str__(self) -> str:
        if not self.microseconds:
            return "no leak"
        share = f" in one of {self.one_in}" if self.one_in > 1 else ""
        return f"{self.microseconds} µs{share}"


def addresses() -> Generator[str]:
    """Yield addresses of 127.16.0.0 and up, each once, from a random start."""
    for number in itertools.count(secrets.randbelow(1 << 20)):
        yield f"127.{16 + number // 62500 % 232}.{number // 250 % 250 + 1}.{number % 250 + 1}"


def planting(url: str, leak: Leak, address: Callable[[], str]) -> Sampler:
    """Return what samples refusals without and with a leak, of one key."""
    key, health = random_key(), prepared(url, Request("GET", "/health"))

    def request(planted: Leak) -> bytes:
        headers = (("X-Api-Key", key), ("X-Planted-Delay", planted.header))
        return prepared(url, opening(STATELESS), *headers)

    probes = tuple(
        Probe(name, request(planted)) for name, planted in zip(NAMES, (Leak(0), leak), strict=True)
    )
    return Sampler(Plan(url, probes, health), address)
