"""MCP, continued: calls that go on as tasks, and who may ask after them."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from conformance.analysis.alike import difference
from conformance.analysis.session_ids import random_bits
from conformance.channels.http.tasks import all_tasks, status_of
from conformance.forge.objects import nobodys_text
from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.tasks import Tasks
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys

BEGUN = 12
ID_BITS = 100
"""Fewer than 128, because the estimate from few ids is itself uncertain."""
CANCELLED = "cancelled"


@requirement("MCP-20")
def test_ids_of_tasks_are_unguessable(wire: Wire, keys: Keys, discovery: Discovery) -> None:
    """Twelve ids: what is fixed, counted or short in them shows side by side."""
    for tasks in all_tasks(wire, discovery, keys.b.active):
        ids = [tasks.begun(keys.b.active) for _ in range(BEGUN)]
        assert len(set(ids)) == BEGUN, "a task's id was used twice"
        least, most = random_bits(ids)
        assert most >= ID_BITS, f"about {most:.0f} bits vary in ids of tasks: {ids[0]}, {ids[1]}"
        establish(least >= ID_BITS, f"what varies in ids of many lengths is random: {ids[:2]}")


@requirement("MCP-20")
def test_another_tenants_task_is_answered_like_none(
    wire: Wire, keys: Keys, discovery: Discovery
) -> None:
    """By every method the other's task gets what an id gets that nobody has, and it goes on.

    A task that nobody else asked after shows what becomes of one by itself.
    """
    for tasks in all_tasks(wire, discovery, keys.a.active):
        for owner, other in ((keys.a.active, keys.b.active), (keys.b.active, keys.a.active)):
            untouched, real = tasks.begun(owner), tasks.begun(owner)
            unknown = nobodys_text(real, [untouched])
            own = tasks.ask("tasks/get", real, owner)
            establish(own.succeeded, f"its owner can ask after a task (got {own})")
            for method in tasks.methods:
                _require_alike(tasks, method, real, unknown, other)
            control = tasks.ask("tasks/get", untouched, owner)
            establish(control.succeeded, f"its owner can still ask after a task (got {control})")
            after = tasks.ask("tasks/get", real, owner)
            assert after.succeeded, f"after another tenant named it, a task is gone: {after}"
            assert status_of(after) != CANCELLED or status_of(control) == CANCELLED, (
                f"another tenant cancelled a task: {after}"
            )
            ended = tasks.ask("tasks/cancel", untouched, owner)
            establish(ended.status > 0, "its owner can ask to end a task")


def _require_alike(tasks: Tasks, method: str, real: str, unknown: str, key: str) -> None:
    def asked(identity: str, beside: str) -> Answer:
        return tasks.ask(method, identity, key).without(beside)

    if method in {"tasks/get", "tasks/result"}:
        answer = asked(real, unknown)
        assert not answer.succeeded, f"{method} told of another tenant's task: {answer}"
    told = difference(partial(asked, real, unknown), partial(asked, unknown, real))
    assert not told, f"{method} tells another tenant's task from one that nobody has: {told}"


@requirement("MCP-20")
def test_no_list_of_tasks_shows_anothers(wire: Wire, keys: Keys, discovery: Discovery) -> None:
    """Each tenant's own list shows its task; the other's may not."""
    lists = 0
    for tasks in all_tasks(wire, discovery, keys.a.active):
        for owner, other in ((keys.a.active, keys.b.active), (keys.b.active, keys.a.active)):
            real = tasks.begun(owner)
            if json.dumps(real) not in json.dumps(tasks.listed(owner).result):
                continue
            lists += 1
            shown = tasks.listed(other)
            assert json.dumps(real) not in json.dumps(shown.result), (
                f"tasks/list shows another tenant's task: {shown}"
            )
    if not lists:
        raise NotApplicableError("the target lists no tasks")
