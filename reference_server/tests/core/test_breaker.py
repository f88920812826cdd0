"""When callers are let through to a storage, and when they are not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reference_server.core import breaker
from reference_server.core.breaker import Breaker

if TYPE_CHECKING:
    import pytest


def test_a_wait_in_vain_opens_it_and_any_answer_closes_it() -> None:
    made = Breaker()
    assert made.admits()
    made.missed(time.monotonic())
    assert made.is_open
    assert not made.admits()
    made.heard()
    assert not made.is_open
    assert made.admits()


def test_one_who_waits_while_others_are_answered_shuts_nobody_out() -> None:
    made = Breaker()
    since = time.monotonic()
    made.heard()
    made.missed(since)
    assert made.admits()


def test_while_it_is_open_one_at_a_time_finds_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "RETRY_SECONDS", 0.0)
    made = Breaker()
    made.missed(time.monotonic())
    monkeypatch.setattr(breaker, "RETRY_SECONDS", 60.0)
    assert made.admits()
    assert not made.admits()
