"""Requests that wait at a gate go out together, and none waits for ever."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.channels.http import gate
from conformance.channels.http.gate import Gate
from conformance.channels.http.transcript import Transcript
from conformance.channels.http.wire import Wire
from conformance.forge.requests import STATELESS
from conformance.manners.addresses import AddressPool
from conformance.manners.budget import Budget
from conformance.profile.reading import from_url
from conformance.selftest.targets import KEYS, Good, serving
from conformance.text.redaction import Redactor
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Generator

AT_ONCE = 4
KEY = next(iter(KEYS))


class Meeting(Good):
    """Answers nobody before everybody has come."""

    everybody: ClassVar[threading.Barrier]

    def converse(self, message: dict[str, Any]) -> None:
        """Wait for the others, whose requests must have been sent meanwhile."""
        self.everybody.wait(10)
        super().converse(message)


@pytest.fixture
def line() -> Generator[Wire]:
    Meeting.everybody = threading.Barrier(AT_ONCE)
    with serving(Meeting) as url:
        target = from_url(url)
        budget = Budget(AddressPool(target, 0), target.limits)
        wire = Wire(target, STATELESS, budget, Transcript(Redactor({})))
        yield wire
        wire.close()


def test_requests_at_a_gate_are_sent_whole_and_at_once(line: Wire) -> None:
    together = line.derived(gate=Gate(AT_ONCE))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(together.knock, [KEY] * AT_ONCE))
    assert [answer.status for answer in answers] == [200] * AT_ONCE


def test_heads_may_be_sent_while_bodies_wait() -> None:
    class Heard(Good):
        head = threading.Event()

        def parse_request(self) -> bool:
            """Tell that a head has come."""
            self.head.set()
            return super().parse_request()

    with serving(Heard) as url, ThreadPoolExecutor(1) as pool:
        target = from_url(url)
        budget = Budget(AddressPool(target, 0), target.limits)
        wire, gate = (
            Wire(target, STATELESS, budget, Transcript(Redactor({}))),
            Gate(2, sends_heads=True),
        )
        coming = pool.submit(wire.derived(gate=gate).knock, KEY)
        came = Heard.head.wait(4)
        is_waiting = wait_for(lambda: gate.waiting == 1, 4)
        gate.open()
        answer = coming.result(10)
        wire.close()
    assert came
    assert is_waiting
    assert answer.status == HTTPStatus.OK


def test_a_gate_that_has_opened_stays_open() -> None:
    waited = Gate(1)
    assert [*waited.held(b"one"), *waited.held(b"another")] == [b"one", b"another"]


def test_nobody_waits_for_who_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "LONGEST_SECONDS", 0.05)
    alone = Gate(2)
    assert list(alone.held(b"one")) == [b"one"]
    assert list(alone.held(b"the one who came late")) == [b"the one who came late"]
