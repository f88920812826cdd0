"""Random histories of several tenants' calls over HTTP, and a model that has no memory.

Under perfect isolation an answer follows from who asks what, and from nothing that anybody did
before. So each call is made once in a quiet order, which fixes what it shows, and whenever a random
history makes it again, failures and refused arguments in between, it must show the same: its own
tenant's data or none, and never another's. Each call may meet a connection of the server's pool
that somebody else has used, or left in the middle of a failure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import hypothesis
from hypothesis import strategies

from conformance.channels.http.own import require_ids
from conformance.forge.objects import nobodys_id
from conformance.text.disguised import shows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import TenantKeys
    from conformance.forge.objects import Identity
    from conformance.profile.sections import ByIdTool
    from conformance.profile.tools import Tools

CALLS = 60
"""Calls of all histories together: what working keys may spend in a minute is shared by a run."""
LONGEST = 12


@dataclass(frozen=True)
class Call:
    """A call that a tenant may make, at any place of a history."""

    tenant: str
    what: str
    tool: str
    arguments: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.what} as {self.tenant}"


@dataclass(frozen=True)
class Shown:
    """What an answer showed: whether the tool succeeded, and whose canaries and ids stood in it."""

    succeeded: bool
    canaries: frozenset[str]
    identities: frozenset[str]

    def foreign(self, tenant: str) -> frozenset[str]:
        """Return the other tenants of whom something was shown."""
        return (self.canaries | self.identities) - {tenant}


class Histories:
    """Plays histories of the tenants' calls. ``tenants`` is by name."""

    def __init__(self, wire: Wire, tenants: dict[str, TenantKeys]) -> None:
        self._wire, self._tenants = wire, tenants
        self._shown: dict[tuple[str, str], Shown] = {}
        self._objects: dict[str, Identity] = {}

    def disagreement(self) -> str:
        """Return where a history disagrees with the model, or nothing.

        UndecidedError when a tenant does not get its own data to begin with.
        """
        calls = [call for name in self._tenants for call in self._calls_of(name)]
        for call in calls:
            self._shown[call.tenant, call.what] = self._make(call)
            if leak := self._foreign(call, ()):
                return leak
        return self._play(calls)

    def _calls_of(self, name: str) -> Iterable[Call]:
        tools = self._wire.target.tools
        if tools.tenant_data is not None:
            yield Call(name, "its data", tools.tenant_data, {})
        for tool in tools.by_id[:1]:
            yield from self._object_calls(name, tool)
        if tools.ping is not None:
            yield Call(name, "ping", tools.ping, {})
        yield from _failing_calls(name, tools)

    def _object_calls(self, name: str, tool: ByIdTool) -> Iterable[Call]:
        """Yield calls for an object of one's own, one of another tenant, and one of nobody."""
        for owner in self._tenants:
            identity = self._object_of(owner, tool)
            whose = "its object" if owner == name else f"the object of {owner}"
            yield Call(name, whose, tool.name, tool.of(identity))
            if owner == name:
                nobodys = tool.of(nobodys_id(identity))
                yield Call(name, "nobody's object", tool.name, nobodys)

    def _object_of(self, owner: str, tool: ByIdTool) -> Identity:
        if owner not in self._objects:
            ids = require_ids(self._wire, tool, self._tenants[owner].active)
            self._objects[owner] = ids[0]
        return self._objects[owner]

    def _make(self, call: Call) -> Shown:
        answer = self._wire.call_tool(
            call.tool, call.arguments, key=self._tenants[call.tenant].active
        )
        return self._shown_by(answer.without(*map(str, call.arguments.values())))

    def _shown_by(self, answer: Answer) -> Shown:
        text = answer.text
        return Shown(
            answer.succeeded,
            frozenset(
                name
                for name, keys in self._tenants.items()
                if shows(keys.tenant.canary or keys.tenant_id, text)
            ),
            frozenset(n for n, t in self._tenants.items() if t.tenant_id in text),
        )

    def _foreign(self, call: Call, history: Sequence[Call]) -> str:
        foreign = self._shown[call.tenant, call.what].foreign(call.tenant)
        return f"{call} showed {', '.join(foreign)}{_after(history)}" if foreign else ""

    def _play(self, calls: list[Call]) -> str:
        found: list[str] = []
        made = 0

        # Shrinking would play histories again, on connections that are no longer what they were.
        @hypothesis.settings(
            max_examples=CALLS,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=[hypothesis.HealthCheck.too_slow],
        )
        @hypothesis.given(strategies.lists(strategies.sampled_from(calls), max_size=LONGEST))
        def play(history: list[Call]) -> None:
            nonlocal made
            for number, call in enumerate(history):
                if found or made >= CALLS:
                    return
                made += 1
                found.extend(self._disagreements(call, history[:number]))

        play()
        return "; ".join(found)

    def _disagreements(self, call: Call, before: Sequence[Call]) -> Iterable[str]:
        known, shown = self._shown[call.tenant, call.what], self._make(call)
        if shown != known:
            seen, wanted = _described(shown), _described(known)
            yield f"{call} showed {seen} instead of {wanted}{_after(before)}"


def _failing_calls(name: str, tools: Tools) -> Iterable[Call]:
    if tools.failing is not None:
        arguments = {tools.failing.message_argument: "a failure in between"}
        yield Call(name, "a failure", tools.failing.name, arguments)
    if tools.validated is not None:
        yield Call(name, "a bad argument", tools.validated.name, tools.validated.bad_arguments)


def _described(shown: Shown) -> str:
    seen = sorted(shown.canaries | shown.identities)
    whose = f"what is of {', '.join(seen)}" if seen else "nobody's data"
    return f"{'a result with' if shown.succeeded else 'a failure with'} {whose}"


def _after(history: Sequence[Call]) -> str:
    return f", after {', '.join(map(str, history))}" if history else ""
