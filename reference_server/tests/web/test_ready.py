"""Readiness names what does not answer, holds nobody up, and asks seldom."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from reference_server.core.errors import StorageUnavailableError
from reference_server.core.settings import Limits
from reference_server.tests.fakes import World
from reference_server.web.app import create_app
from reference_server.web.routes import ready
from reference_server.web.routes.ready import Readiness

if TYPE_CHECKING:
    import pytest
    from flask.testing import FlaskClient


def _down() -> bool:
    raise StorageUnavailableError("postgresql://secret@10.0.0.1 is down")


def _client(world: World) -> FlaskClient:
    return create_app(world.settings, world.parts()).test_client()


def test_it_is_ready_when_every_part_answers() -> None:
    answer = _client(World(replaced={"web.probes": {"database": lambda: True}})).get("/ready")
    assert answer.status_code == 200
    assert answer.json == {"ok": True, "parts": {"database": True}}


def test_a_part_that_does_not_answer_is_named_and_no_more_is_said() -> None:
    probes = {"database": _down, "limits": lambda: True, "log": lambda: False}
    answer = _client(World(replaced={"web.probes": probes})).get("/ready")
    assert answer.status_code == 503
    expected = {"database": False, "limits": True, "log": False}
    assert answer.json == {"ok": False, "parts": expected}
    assert b"secret" not in answer.data


def test_monitors_pass_blocks_and_limits_and_leave_no_rows() -> None:
    world = World(limits=Limits(address_requests=1, failures=1))
    client = _client(world)
    client.post("/mcp")
    rows = len(world.trail.rows)
    assert [client.get("/ready").status_code for _ in range(5)] == [200] * 5
    assert len(world.trail.rows) == rows
    assert client.post("/ready").status_code == 401


def test_parts_are_asked_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    readiness = Readiness({"part": lambda: not asked.append(1)})
    assert [readiness.look() for _ in range(5)] == [{"part": True}] * 5
    assert len(asked) == 1
    monkeypatch.setattr(ready, "KEPT_SECONDS", 0.0)
    readiness.look()
    assert len(asked) == 2


def test_who_asks_while_another_waits_is_answered_at_once() -> None:
    begun, go = threading.Event(), threading.Event()

    def slow() -> bool:
        begun.set()
        return go.wait(10)

    readiness = Readiness({"part": slow})
    first = threading.Thread(target=readiness.look)
    first.start()
    assert begun.wait(10)
    assert readiness.look() == {"part": False}
    go.set()
    first.join(10)
    assert readiness.look() == {"part": True}
