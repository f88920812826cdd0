"""Tasks: each principal's own, bounded in number, and ended with their life."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reference_server.core.errors import UnknownObjectError
from reference_server.core.settings import Limits
from reference_server.core.vocabulary import EventType, Outcome
from reference_server.protocol.desk import RefusedError
from reference_server.protocol.tasks import (
    CANCELLED,
    COMPLETED,
    EXTENSION,
    LIFE_SECONDS,
    MOST_TASKS,
    TaskStore,
)
from reference_server.tests.asking import post
from reference_server.tests.fakes import KEY_A, KEY_B, FakeClock, World
from reference_server.tests.live import serving

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from reference_server.tools.contracts import Caller

ABLE: dict[str, Any] = {"extensions": {EXTENSION: {}}}


class Slow:
    """A tool that runs as a task."""

    name = "slow"
    description = "Take a while."
    input_schema: Mapping[str, Any] = {"type": "object"}

    def __init__(self, name: str, delay: float) -> None:
        self.name, self.delay = name, delay

    def run(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Say whose call it was."""
        del arguments
        return {"tenant": str(caller.principal.tenant_id)}


@pytest.fixture(scope="module")
def world() -> World:
    """The fakes of this module's one server."""
    return World(
        limits=Limits(address_requests=10_000, tenant_requests=10_000, failures=10_000),
        replaced={"mcp.tools": [Slow("quick", 0.0), Slow("slow", 60.0)]},
    )


@pytest.fixture(scope="module")
def origin(world: World) -> Generator[str]:
    """The origin of this module's one server."""
    with serving(world) as served:
        yield served


def ask(origin: str, method: str, key: str = KEY_A, able: Any = ABLE, **params: Any) -> Any:
    """Return the answer to a request of revision 2026-07-28."""
    return post(origin, method, key, params, able).json()


def begin(origin: str, name: str) -> str:
    """Begin a task and return its id."""
    begun = ask(origin, "tools/call", name=name, arguments={})["result"]
    assert begun["resultType"] == "task"
    return begun["taskId"]


def test_a_task_goes_on_to_its_result(origin: str) -> None:
    task = begin(origin, "quick")
    polled = (ask(origin, "tasks/get", taskId=task)["result"] for _ in range(200))
    told = next(one for one in polled if one["status"] == COMPLETED)
    assert "tenant" in told["result"]["structuredContent"]
    assert "result" in ask(origin, "tools/call", able={}, name="quick", arguments={})


def test_anothers_task_is_as_unknown_as_none(origin: str, world: World) -> None:
    task = begin(origin, "slow")
    for method in ("tasks/get", "tasks/update", "tasks/cancel"):
        answers = [ask(origin, method, KEY_B, taskId=one)["error"] for one in (task, "none")]
        assert answers[0] == answers[1]
    last = world.trail.rows[-1]
    assert (last.event_type, last.outcome) == (EventType.TASK_CHANGED, Outcome.FAILURE)
    assert ask(origin, "tasks/get", taskId=task)["result"]["status"] == "working"
    assert "result" in ask(origin, "tasks/update", taskId=task, inputResponses={})
    ask(origin, "tasks/cancel", taskId=task)
    assert ask(origin, "tasks/get", taskId=task)["result"]["status"] == CANCELLED


def test_who_does_not_know_of_tasks_is_told_what_it_takes(origin: str) -> None:
    error = ask(origin, "tasks/get", able={}, taskId="none")["error"]
    assert error["code"] == -32021
    assert EXTENSION in ask(origin, "server/discover")["result"]["capabilities"]["extensions"]


def test_tasks_are_bounded_and_end_with_their_life() -> None:
    clock = FakeClock()
    store = TaskStore(clock)
    tasks = [store.add("a", "slow") for _ in range(MOST_TASKS)]
    with pytest.raises(RefusedError):
        store.add("a", "slow")
    store.add("b", "slow")
    store.change(tasks[3], COMPLETED)
    store.add("a", "slow")
    with pytest.raises(UnknownObjectError):
        store.find(tasks[3].id, "a", "tasks/get")
    clock.advance(LIFE_SECONDS + 1)
    with pytest.raises(UnknownObjectError):
        store.find(tasks[0].id, "a", "tasks/get")
    assert tasks[0].status == CANCELLED
