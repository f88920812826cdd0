"""When an issuer's keys are fetched, how long they are kept, and who waits."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from reference_server.identity import keyring
from reference_server.identity.jwks import PoisonedSetError, VerifyingKey, read_key_set
from reference_server.identity.keyring import MOST_WAITING, KeyRing, Pace
from reference_server.outbound.documents import DocumentError
from reference_server.tests.fakes import FakeClock
from reference_server.tests.identity.issuing import jwk, key_set

if TYPE_CHECKING:
    from collections.abc import Mapping

AMPLE = 20.0
FRESH, OUTAGE = timedelta(minutes=5), timedelta(hours=1)
ALWAYS = Pace(0, FRESH, OUTAGE)


class Source:
    """What is fetched: a set, or an error; ``gate`` holds a fetch up."""

    def __init__(self) -> None:
        self.found: Mapping[str, VerifyingKey] | Exception = read_key_set(key_set())
        self.fetched = 0
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self) -> Mapping[str, VerifyingKey]:
        """Fetch."""
        self.fetched += 1
        self.gate.wait(AMPLE)
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@pytest.fixture(name="source")
def made() -> Source:
    return Source()


@pytest.fixture(name="clock")
def ticking() -> FakeClock:
    return FakeClock()


def eventually(look: object, seconds: float = AMPLE) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if callable(look) and look():
            return True
        threading.Event().wait(0.01)
    return False


def test_a_key_is_found_and_the_set_is_fetched_once(source: Source, clock: FakeClock) -> None:
    ring = KeyRing(source, clock, ALWAYS)
    for _ in range(3):
        for algorithm in ("RS256", "ES256", "EdDSA"):
            key = ring.find(algorithm)
            assert key is not None
            assert key.algorithm == algorithm
    assert source.fetched == 1


def test_a_new_key_is_found_when_it_is_asked_for(source: Source, clock: FakeClock) -> None:
    ring = KeyRing(source, clock, ALWAYS)
    assert ring.find("new") is None
    source.found = read_key_set(key_set(jwk("RS256"), jwk("ES256", "new")))
    assert ring.find("new") is not None


def test_unknown_keys_have_the_set_fetched_once_in_the_interval(
    source: Source, clock: FakeClock
) -> None:
    ring = KeyRing(source, clock, Pace(AMPLE, FRESH, OUTAGE))
    for number in range(50):
        assert ring.find(f"unknown-{number}") is None
    assert source.fetched == 1
    assert ring.find("RS256") is not None


@pytest.mark.parametrize("error", [DocumentError("out"), PoisonedSetError("poisoned")])
def test_the_last_good_set_counts_while_there_is_none(
    source: Source, clock: FakeClock, error: Exception
) -> None:
    ring = KeyRing(source, clock, ALWAYS)
    assert ring.find("RS256") is not None
    source.found = error
    clock.advance(FRESH.total_seconds() + 1)
    assert ring.find("RS256") is not None
    assert ring.find("unknown") is None
    assert ring.find("RS256") is not None


def test_an_outage_does_not_last_for_ever(source: Source, clock: FakeClock) -> None:
    ring = KeyRing(source, clock, ALWAYS)
    assert ring.find("RS256") is not None
    source.found = DocumentError("out")
    clock.advance(OUTAGE.total_seconds() + 1)
    assert ring.find("RS256") is None
    source.found = read_key_set(key_set())
    assert ring.find("RS256") is not None


def test_an_old_set_is_fetched_again_and_a_withdrawn_key_ends(
    source: Source, clock: FakeClock
) -> None:
    ring = KeyRing(source, clock, ALWAYS)
    assert ring.find("RS256") is not None
    source.found = read_key_set(key_set(jwk("ES256")))
    clock.advance(FRESH.total_seconds() + 1)
    ring.find("RS256")  # begins to fetch
    assert eventually(lambda: ring.find("RS256") is None)


def test_nobody_waits_for_long_and_few_wait_at_all(
    source: Source, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "WAIT_SECONDS", 1.0)
    ring = KeyRing(source, clock, ALWAYS)
    assert ring.find("RS256") is not None
    source.gate.clear()
    waited: list[float] = []

    def ask(number: int) -> None:
        began = time.monotonic()
        ring.find(f"unknown-{number}")
        waited.append(time.monotonic() - began)

    crew = [threading.Thread(target=ask, args=(one,)) for one in range(4 * MOST_WAITING)]
    for thread in crew:
        thread.start()
    began = time.monotonic()
    assert ring.find("RS256") is not None
    assert time.monotonic() - began < 0.5
    for thread in crew:
        thread.join(AMPLE)
    source.gate.set()
    assert max(waited) < 5
    assert sum(seconds > 0.5 for seconds in waited) <= MOST_WAITING
    assert source.fetched == 2
