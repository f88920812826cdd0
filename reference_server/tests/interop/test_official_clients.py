"""The official clients, unmodified, complete tools/list and tools/call in every era they speak."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

HERE = Path(__file__).parent
TOOLS = {
    "ping",
    "get_account_health",
    "list_metrics",
    "get_metric",
    "refresh_metric",
    "forget_metrics",
    "count_metrics",
    "raise_error",
    "check_landing_page",
    "post_note",
    "show_access",
    "list_environment",
    "post_report",
    "store_credential",
    "delete_credential",
    "send_email",
}
FIXED_TEXT = r"The tool failed\. The operator can find the cause by request id [0-9a-f-]{36}\."
SECONDS = 60
KEY = "X-Api-Key"

# What each client ends up speaking: the newest revision with sessions, or the one without.
# The TypeScript v1 client knows no 2026-07-28.
SESSIONS, STATELESS = "2025-11-25", "2026-07-28"
TYPESCRIPT = [("v1", SESSIONS), ("v2-legacy", SESSIONS), ("v2-stateless", STATELESS)]
PYTHON = [("legacy", SESSIONS), (STATELESS, STATELESS), ("auto", STATELESS)]


def converse_typescript(node: str, kind: str, url: str, *field: str) -> dict[str, Any]:
    words = [node, "converse.mjs", kind, url, *field]
    done = subprocess.run(words, cwd=HERE, stdout=subprocess.PIPE, timeout=SECONDS, check=True)
    return json.loads(done.stdout)


async def converse_python(
    mode: str, url: str, headers: dict[str, str], statuses: list[int] | None = None
) -> dict[str, Any]:
    async def note(response: httpx2.Response) -> None:
        if statuses is not None:
            statuses.append(response.status_code)

    hooks = {"response": [note]}
    with anyio.fail_after(SECONDS):
        async with (
            httpx2.AsyncClient(headers=headers, event_hooks=hooks) as http,
            Client(streamable_http_client(url, http_client=http), mode=mode) as client,
        ):
            tools = await client.list_tools()
            calls = {
                "ping": await client.call_tool("ping", {}),
                "metrics": await client.call_tool("list_metrics", {}),
                "failed": await client.call_tool("raise_error", {"message": "inside"}),
            }
            revision = client.protocol_version
    found: dict[str, Any] = {"revision": revision, "tools": [tool.name for tool in tools.tools]}
    for name, result in calls.items():
        found[name] = result.model_dump(mode="json", by_alias=True, exclude_none=True)
    return found


def check(found: dict[str, Any], revision: str, tenant: dict[str, Any]) -> None:
    assert found.get("error") is None
    assert found["revision"] == revision
    assert set(found["tools"]) == TOOLS
    assert found["ping"]["structuredContent"]["tenantId"] == tenant["id"]
    metrics = found["metrics"]["structuredContent"]["metrics"]
    assert {row["data"]["campaign"] for row in metrics} == {tenant["canary"]}
    assert found["failed"]["isError"]
    (block,) = found["failed"]["content"]
    assert re.fullmatch(FIXED_TEXT, block["text"])


@pytest.mark.parametrize("label", ["a", "b"])
@pytest.mark.parametrize(("kind", "revision"), TYPESCRIPT)
def test_the_typescript_clients_complete(
    node: str, state: dict[str, Any], kind: str, revision: str, label: str
) -> None:
    tenant = state["tenants"][label]
    found = converse_typescript(node, kind, state["url"], KEY, tenant["key"])
    check(found, revision, tenant)


@pytest.mark.parametrize("kind", [kind for kind, _ in TYPESCRIPT])
def test_the_typescript_clients_are_refused_a_wrong_key(
    node: str, state: dict[str, Any], kind: str
) -> None:
    """Nothing but a 401 counts: an absent server must not look like a refusal."""
    found = converse_typescript(node, kind, state["url"], KEY, "wrong-key")
    assert set(found) == {"statuses", "error"}
    assert set(found["statuses"]) == {401}


@pytest.mark.parametrize("label", ["a", "b"])
@pytest.mark.parametrize(("mode", "revision"), PYTHON)
def test_the_python_client_completes(
    state: dict[str, Any], mode: str, revision: str, label: str
) -> None:
    tenant = state["tenants"][label]
    found = anyio.run(converse_python, mode, state["url"], {KEY: tenant["key"]})
    check(found, revision, tenant)


@pytest.mark.parametrize("mode", [mode for mode, _ in PYTHON])
def test_the_python_client_is_refused_a_wrong_key(state: dict[str, Any], mode: str) -> None:
    statuses: list[int] = []
    with pytest.raises(BaseExceptionGroup) as raised:
        anyio.run(converse_python, mode, state["url"], {KEY: "wrong-key"}, statuses)
    assert "MCPError" in repr(raised.value)  # all this client tells of a 401
    assert set(statuses) == {401}
