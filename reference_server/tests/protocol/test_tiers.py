"""What a tier decides at the endpoint: lists, calls, tasks, and a tenant's own things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from reference_server.core.settings import Limits
from reference_server.core.vocabulary import Tier
from reference_server.tests.fakes import World
from reference_server.tests.live import serving

if TYPE_CHECKING:
    from collections.abc import Generator

    from reference_server.tests.fakes import FakeTrail

MODERN, OLDER = "2026-07-28", "2025-11-25"
TASKS: dict[str, Any] = {"extensions": {"io.modelcontextprotocol/tasks": {}}}
NO_LIMITS = Limits(address_requests=10_000, tenant_requests=10_000, failures=10_000)


@pytest.fixture(scope="module")
def world() -> World:
    """The fakes of this module's one server."""
    return World(limits=NO_LIMITS)


@pytest.fixture(scope="module")
def origin(world: World) -> Generator[str]:
    """The origin of this module's one server."""
    with serving(world) as served:
        yield served


def ask(
    origin: str, bearer: str, method: str, revision: str = MODERN, **params: Any
) -> httpx.Response:
    """Send one request without a session."""
    headers = {
        "Authorization": f"Bearer {bearer}",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": revision,
    }
    if revision == MODERN:
        meta: dict[str, Any] = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": TASKS,
        }
        params = {**params, "_meta": {**meta, **params.get("_meta", {})}}
        headers |= {"Mcp-Method": method}
        named = params.get("name") or params.get("uri")
        headers |= {"Mcp-Name": named} if named else {}
    else:
        headers |= {"Mcp-Session-Id": begun(origin, bearer)}
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
    return httpx.post(f"{origin}/mcp", json=body, headers=headers)


def begun(origin: str, bearer: str) -> str:
    """Return the id of a session just begun."""
    params = {
        "protocolVersion": OLDER,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    answer = httpx.post(
        f"{origin}/mcp",
        json={"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params},
        headers={
            "Authorization": f"Bearer {bearer}",
            "Accept": "application/json, text/event-stream",
        },
    )
    return answer.headers["mcp-session-id"]


def message(answer: httpx.Response) -> Any:
    """Return the JSON-RPC message of an answer, in an event or not."""
    text = answer.text
    data = next((line[6:] for line in text.splitlines() if line.startswith("data: {")), text)
    return httpx.Response(200, content=data).json()


def shown(answer: httpx.Response, name: str) -> tuple[Any, ...]:
    """Return what can be told of an answer, without what no two answers share."""
    own = {"date", "x-request-id", "content-length", "ratelimit", "mcp-session-id"}
    headers = {key: value for key, value in answer.headers.items() if key not in own}
    return answer.status_code, headers, answer.text.replace(name, "NAME")


@pytest.mark.parametrize("revision", [MODERN, OLDER])
def test_a_list_has_what_its_caller_reaches(world: World, origin: str, revision: str) -> None:
    lists = {
        tier: {
            tool["name"]
            for tool in message(ask(origin, world.token(tier), "tools/list", revision))["result"][
                "tools"
            ]
        }
        for tier in Tier
    }
    assert lists[Tier.ANONYMOUS] == {"ping"}
    assert "list_api_keys" in lists[Tier.ADMIN]
    assert "list_api_keys" not in lists[Tier.USER]
    assert len({frozenset(found) for found in lists.values()}) == len(Tier)


def test_a_list_is_its_callers_own(world: World, origin: str) -> None:
    told = message(ask(origin, world.token(Tier.USER), "tools/list"))["result"]
    assert told["cacheScope"] == "private"


@pytest.mark.parametrize("revision", [MODERN, OLDER])
@pytest.mark.parametrize("arguments", [{}, {"of": 1}, {"metricId": "x"}])
@pytest.mark.parametrize("name", ["list_api_keys", "count_metrics", "forget_metrics"])
def test_a_tool_beyond_the_tier_is_answered_like_one_that_does_not_exist(
    world: World, origin: str, revision: str, arguments: dict[str, Any], name: str
) -> None:
    bearer = world.token(Tier.ANONYMOUS)
    beyond = ask(origin, bearer, "tools/call", revision, name=name, arguments=arguments)
    other = ask(origin, bearer, "tools/call", revision, name="no_such_tool", arguments=arguments)
    assert shown(beyond, name) == shown(other, "no_such_tool")
    assert message(beyond)["error"]["code"] == -32602


def test_the_trail_tells_the_two_apart(world: World, origin: str) -> None:
    bearer = world.token(Tier.USER)
    for name in ("list_api_keys", "no_such_tool"):
        ask(origin, bearer, "tools/call", name=name, arguments={})
    reasons: list[str] = [row.metadata["reason"] for row in of_calls(world.trail)[-2:]]
    assert reasons == [
        "refused: the caller's tier does not reach the tool's server",
        "there is no such tool",
    ]


def of_calls(trail: FakeTrail) -> list[Any]:
    """Return the rows of calls that failed."""
    return [row for row in trail.rows if row.event_type.value == "mcp.tool_failed"]


def test_a_task_is_there_for_whoever_reaches_its_tool(world: World, origin: str) -> None:
    begun = ask(origin, world.token(Tier.USER), "tools/call", name="count_metrics", arguments={})
    task = message(begun)["result"]["taskId"]
    assert message(ask(origin, world.token(Tier.MCP), "tasks/get", taskId=task))["result"]
    error = message(ask(origin, world.token(Tier.ANONYMOUS), "tasks/get", taskId=task))["error"]
    unknown = message(ask(origin, world.token(Tier.ANONYMOUS), "tasks/get", taskId="x"))["error"]
    assert error == unknown


@pytest.mark.parametrize(
    ("method", "member"),
    [("resources/templates/list", "resourceTemplates"), ("prompts/list", "prompts")],
)
def test_nobody_is_listed_nothing_of_a_tenants(
    world: World, origin: str, method: str, member: str
) -> None:
    assert message(ask(origin, world.token(Tier.MCP), method))["result"][member]
    assert message(ask(origin, world.token(Tier.ANONYMOUS), method))["result"][member] == []


def test_nobody_is_listed_no_resource(world: World, origin: str) -> None:
    listed = message(ask(origin, world.token(Tier.ANONYMOUS), "resources/list"))["result"]
    assert listed["resources"] == []


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("resources/read", {"uri": "metric://x"}),
        ("prompts/get", {"name": "review_metrics"}),
        (
            "completion/complete",
            {
                "ref": {"type": "ref/prompt", "name": "explain_metric"},
                "argument": {"name": "metricId", "value": ""},
            },
        ),
    ],
)
def test_nobody_gets_nothing_of_a_tenants(
    world: World, origin: str, method: str, params: dict[str, Any]
) -> None:
    error = message(ask(origin, world.token(Tier.ANONYMOUS), method, **params))["error"]
    assert error["code"] == -32602
