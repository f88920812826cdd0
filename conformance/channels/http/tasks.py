"""Calls that go on as tasks: begun, asked after and ended, as each revision has it.

Revision 2026-07-28 has them as an extension, 2025-11-25 as an experiment of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from conformance.channels.http.own import own_arguments
from conformance.forge.requests import CAPABILITIES, STATELESS
from conformance.profile.target import supplied
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.discovery import Discovery
    from conformance.channels.http.wire import Wire

EXTENSION = "io.modelcontextprotocol/tasks"
FIRST = "2025-11-25"
"""The revision that brought tasks."""
_ABLE: dict[str, Any] = {CAPABILITIES: {"extensions": {EXTENSION: {}}}}
_LIFE = 60_000
"""Milliseconds for which a task is asked to be kept."""


@dataclass(frozen=True)
class Tasks:
    """Begins tasks of the profile's tool; ``wire`` speaks one revision that has them."""

    wire: Wire

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that name a task, what ends it last."""
        if self.wire.revision == STATELESS:
            return "tasks/get", "tasks/update", "tasks/cancel"
        return "tasks/get", "tasks/result", "tasks/cancel"

    def begin(self, key: str) -> Answer:
        """Call the tool so that it may go on as a task."""
        tool = supplied(self.wire.target.tools.task)
        params: dict[str, Any] = {
            "name": tool.name,
            "arguments": own_arguments(self.wire, tool, key),
        }
        if self.wire.revision != STATELESS:
            params["task"] = {"ttl": _LIFE}
        return self._call("tools/call", params, key)

    def begun(self, key: str) -> str:
        """Begin a task and return its id; it must become one."""
        answer = self.begin(key)
        identity = id_of(answer)
        establish(identity is not None, f"the call goes on as a task (got {answer})")
        return str(identity)

    def ask(self, method: str, identity: str, key: str) -> Answer:
        """Ask something of a task; its id is no part of a comparison."""
        params: dict[str, Any] = {"taskId": identity}
        if method == "tasks/update":
            params["inputResponses"] = {}
        return self._call(method, params, key).without(identity)

    def listed(self, key: str) -> Answer:
        """Ask for all tasks, which not every server lists."""
        return self._call("tasks/list", {}, key)

    def _call(self, method: str, params: dict[str, Any], key: str) -> Answer:
        if self.wire.revision == STATELESS:
            params = {**params, "_meta": _ABLE}
        return self.wire.call(method, params, key=key)


def id_of(answer: Answer) -> str | None:
    """Return the id of the task that a call became; None where it became none."""
    task: Any = answer.result.get("task", answer.result)
    found = cast("dict[str, Any]", task).get("taskId") if isinstance(task, dict) else None
    return found if answer.succeeded and isinstance(found, str) else None


def status_of(answer: Answer) -> Any:
    """Return how a task is, by the answer to `tasks/get`."""
    return answer.result.get("status")


def all_tasks(wire: Wire, discovery: Discovery, key: str) -> list[Tasks]:
    """Return what begins tasks, in each era that has them. Raises NotAssessedError for none."""
    eras = [name for name in discovery.eras if name >= FIRST]
    found = [Tasks(wire.derived(revision=name)) for name in eras]
    answers = [tasks.begin(key) for tasks in found]
    able = [tasks for tasks, answer in zip(found, answers, strict=True) if id_of(answer)]
    if not able:
        told = answers[0] if answers else "no revision that has tasks"
        raise NotAssessedError(f"the tool does not run as a task (got {told})")
    return able
