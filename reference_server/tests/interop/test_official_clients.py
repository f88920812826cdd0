"""The official clients, unmodified, complete tools/list and tools/call in every era they speak."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from reference_server.tests.waiting import becomes_true

if TYPE_CHECKING:
    from collections.abc import Generator

HERE = Path(__file__).parent
TOOLS = {"ping", "get_account_health", "list_metrics", "raise_error"}
SECONDS = 60
INSTALL_SECONDS = 240


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Any]]:
    """A running demo: what its state file says."""
    path = tmp_path_factory.mktemp("interop") / "state.json"
    command = [sys.executable, "-m", "reference_server", "demo", "--state", str(path)]
    demo = subprocess.Popen([*command, "--port", "0"], stdin=subprocess.DEVNULL)
    try:
        assert becomes_true(path.exists, SECONDS)
        yield json.loads(path.read_text("utf-8"))
    finally:
        demo.terminate()
        demo.wait(SECONDS)


@pytest.fixture(scope="module")
def node() -> str:
    """Node.js with the official TypeScript clients beside this file installed."""
    program = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    npm = shutil.which("npm", path=str(Path(sys.executable).parent)) or shutil.which("npm")
    assert program is not None
    assert npm is not None
    if not (HERE / "node_modules" / ".package-lock.json").exists():
        words = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        path = f"{Path(program).parent}{os.pathsep}{os.environ['PATH']}"
        environment = os.environ | {"PATH": path}
        subprocess.run(words, cwd=HERE, env=environment, timeout=INSTALL_SECONDS, check=True)
    return program


def converse_typescript(node: str, kind: str, url: str, key: str) -> dict[str, Any]:
    words = [node, "converse.mjs", kind, url, key]
    done = subprocess.run(words, cwd=HERE, capture_output=True, timeout=SECONDS, check=True)
    return json.loads(done.stdout)


async def converse_python(mode: str, url: str, key: str) -> dict[str, Any]:
    async with (
        httpx2.AsyncClient(headers={"X-Api-Key": key}) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        tools = await client.list_tools()
        calls = {
            "ping": await client.call_tool("ping", {}),
            "metrics": await client.call_tool("list_metrics", {}),
            "failed": await client.call_tool("raise_error", {"message": "inside"}),
        }
    found: dict[str, Any] = {"tools": [tool.name for tool in tools.tools]}
    for name, result in calls.items():
        found[name] = result.model_dump(mode="json", by_alias=True, exclude_none=True)
    return found


def check(found: dict[str, Any], state: dict[str, Any]) -> None:
    tenant, other = state["tenants"]["a"], state["tenants"]["b"]
    assert set(found["tools"]) == TOOLS
    assert found["ping"]["structuredContent"]["tenantId"] == tenant["id"]
    assert tenant["canary"] in json.dumps(found["metrics"])
    assert other["canary"] not in json.dumps(found["metrics"])
    assert found["failed"]["isError"]
    assert "inside" not in json.dumps(found["failed"])


@pytest.mark.parametrize("kind", ["v1", "v2-legacy", "v2-stateless"])
def test_the_typescript_clients_complete(node: str, state: dict[str, Any], kind: str) -> None:
    """v1 speaks the revisions with sessions; v2 speaks those and, pinned, 2026-07-28."""
    found = converse_typescript(node, kind, state["url"], state["tenants"]["a"]["key"])
    check(found, state)


@pytest.mark.parametrize("kind", ["v1", "v2-legacy", "v2-stateless"])
def test_the_typescript_clients_are_refused_a_wrong_key(
    node: str, state: dict[str, Any], kind: str
) -> None:
    found = converse_typescript(node, kind, state["url"], "wrong-key")
    assert set(found) == {"error"}


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28", "auto"])
def test_the_python_client_completes(state: dict[str, Any], mode: str) -> None:
    found = anyio.run(converse_python, mode, state["url"], state["tenants"]["a"]["key"])
    check(found, state)


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
def test_the_python_client_is_refused_a_wrong_key(state: dict[str, Any], mode: str) -> None:
    with pytest.raises(BaseExceptionGroup) as raised:
        anyio.run(converse_python, mode, state["url"], "wrong-key")
    assert "MCPError" in repr(raised.value)  # all this client tells of a 401
