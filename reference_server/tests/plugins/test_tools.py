"""Tools of plugins, as callers are served them: audited, masked, and told apart by tenants."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reference_server.core.errors import ToolError
from reference_server.core.settings import Limits
from reference_server.core.vocabulary import EventType, Outcome, Tier
from reference_server.permissions.decision import TierPermissions
from reference_server.plugins.contracts import PluginBounds, PluginDef, PluginToolDef
from reference_server.plugins.contracts import PluginVariableDef as Variable
from reference_server.tests.asking import post
from reference_server.tests.fakes import KEY_A, KEY_B, TENANT_A, TENANT_B, World
from reference_server.tests.live import serving
from reference_server.tests.plugins import hostile
from reference_server.wiring import servers_of

if TYPE_CHECKING:
    from collections.abc import Generator
    from uuid import UUID

OWNED = {TENANT_A: "ghp_of-the-first-0123456789", TENANT_B: "xox_for-another-9876543210"}
NOTES: dict[str, Any] = {
    "type": "object",
    "properties": {"note": {}},
    "additionalProperties": False,
}
EVERY = frozenset(Tier)


@dataclass
class Owned:
    """Each tenant's secret, while there are any."""

    error: ToolError | None = None
    owned: dict[UUID, str] | None = None

    def get(self, tenant: UUID, name: str) -> str | None:
        """Return it, or raise what is the matter."""
        del name
        if self.error is not None:
            raise self.error
        return (OWNED if self.owned is None else self.owned).get(tenant)


def plugin() -> PluginDef:
    names = ("echo", "refuse", "hang", "die", "break_the_form")
    tools = tuple(PluginToolDef(name, "Does it.", NOTES, EVERY) for name in names)
    hidden = PluginToolDef("flood", "Does it.", NOTES, frozenset({Tier.ADMIN}))
    command = (sys.executable, "-I", "-S", str(Path(hostile.__file__)))
    bounds = PluginBounds(seconds=2.0)
    return PluginDef("hostile", command, (*tools, hidden), (Variable("SECRET"),), bounds=bounds)


@pytest.fixture
def secrets() -> Owned:
    return Owned()


@pytest.fixture
def world(secrets: Owned) -> World:
    return World(
        limits=Limits(address_requests=10_000, tenant_requests=10_000),
        replaced={
            "plugins.plugins": (plugin(),),
            "plugins.secrets": secrets,
            "permissions": TierPermissions(servers_of([plugin()])),
        },
    )


@pytest.fixture
def origin(world: World) -> Generator[str]:
    with serving(world) as served:
        yield served


def call(origin: str, name: str, key: str = KEY_A, **arguments: Any) -> dict[str, Any]:
    answer = post(origin, "tools/call", key, {"name": name, "arguments": arguments}).json()
    return answer.get("result") or answer["error"]


def executions(world: World) -> list[dict[str, Any]]:
    kinds = (EventType.EXECUTION_STARTED, EventType.EXECUTION_ENDED)
    return [
        {**(row.metadata or {}), "outcome": row.outcome, "tenant": row.tenant_id}
        for row in world.trail.rows
        if row.event_type in kinds
    ]


def test_two_rows_tell_of_a_call(world: World, origin: str) -> None:
    assert call(origin, "echo", note="hello")["isError"] is False
    begun, ended = executions(world)
    assert begun["execution"] == ended["execution"]
    assert (begun["status"], ended["status"]) == ("started", "succeeded")
    for row in (begun, ended):
        assert (row["server"], row["tool"], row["tenant"]) == ("hostile", "echo", TENANT_A)
        assert row["input"] == {"note": "hello"}
    assert ended["ms"] >= 0
    assert world.trail.rows[-1].event_type is EventType.TOOL_CALLED


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("refuse", "failed", "no, not with [CREDENTIAL]"),
        ("hang", "timed_out", "did not answer in time"),
        ("die", "ended_early", "ended before it had answered"),
        ("break_the_form", "garbled", "cannot be read"),
    ],
)
def test_a_failure_is_told_and_logged_by_its_kind(
    world: World, origin: str, name: str, status: str, words: str
) -> None:
    told = call(origin, name)
    assert told["isError"] is True
    assert words in told["content"][0]["text"]
    ended = executions(world)[-1]
    assert (ended["status"], ended["outcome"]) == (status, Outcome.FAILURE)
    assert OWNED[TENANT_A] not in json.dumps([*executions(world), told], default=str)


def test_what_a_caller_sends_of_its_own_secret_is_masked_in_the_log(
    world: World, origin: str
) -> None:
    told = call(origin, "echo", note=f"is it {OWNED[TENANT_A]}?")
    assert OWNED[TENANT_A] not in json.dumps([*executions(world), told], default=str)
    # Another tenant's is only a text to it.
    assert OWNED[TENANT_A] in json.dumps(call(origin, "echo", KEY_B, note=OWNED[TENANT_A]))


def test_without_a_secret_nothing_is_started(world: World, origin: str, secrets: Owned) -> None:
    secrets.owned = {}
    told = call(origin, "echo")
    assert "SECRET is not set for this tenant" in told["content"][0]["text"]
    assert [row["status"] for row in executions(world)] == ["started", "not_connected"]


def test_a_store_that_fails_is_no_callers_business(
    world: World, origin: str, secrets: Owned
) -> None:
    secrets.error = ToolError("The secret /etc/secrets/a can be read by others: chmod 600 it.")
    told = call(origin, "echo")
    assert "request id" in told["content"][0]["text"]
    assert "/etc/secrets" not in json.dumps(told)
    assert world.trail.rows[-1].event_type is EventType.TOOL_FAILED


def test_an_execution_that_cannot_be_logged_is_not_begun(world: World, origin: str) -> None:
    call(origin, "echo")
    before = len(world.trail.rows)
    world.trail.rows_left = 1  # the caller's own, for the key
    answer = post(origin, "tools/call", KEY_A, {"name": "hang", "arguments": {}})
    assert answer.status_code == 503
    assert len(world.trail.rows) == before + 1


def test_what_is_not_declared_does_not_reach_a_process(world: World, origin: str) -> None:
    assert call(origin, "echo", SECRET="mine")["isError"] is True
    assert executions(world) == []


def test_a_tool_of_another_tier_is_an_unknown_one(world: World, origin: str) -> None:
    listed = post(origin, "tools/list", KEY_A, {}).json()["result"]["tools"]
    assert "flood" not in {one["name"] for one in listed}
    told = call(origin, "flood")
    assert "Unknown tool" in told["message"]
    assert executions(world) == []


def test_the_operators_words_are_what_is_listed(origin: str) -> None:
    listed = post(origin, "tools/list", KEY_A, {}).json()["result"]["tools"]
    (echo,) = [one for one in listed if one["name"] == "echo"]
    assert (echo["description"], echo["inputSchema"]) == ("Does it.", NOTES)
