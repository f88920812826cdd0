"""The demo as a process: what it writes, what it serves, and that it ends without a trace."""

from __future__ import annotations

import itertools
import json
import os
import signal
import stat
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import psycopg
import pytest
from psycopg import sql

from reference_server.core.secrets import MAIL_KEY, MAIL_WEBHOOK, PROXY_SIGNING
from reference_server.core.vocabulary import SecretName
from reference_server.demo.issuer import CLIENT_SECRET
from reference_server.demo.ports import free_port
from reference_server.mutants.bench.registry import all_mutants
from reference_server.tests.waiting import becomes_true, has_ended

if TYPE_CHECKING:
    from collections.abc import Generator

START_SECONDS = 20.0
STOP_SECONDS = 20.0

PING: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {
        "name": "ping",
        "arguments": {},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    },
}
HEADERS = {
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2026-07-28",
    "Mcp-Method": "tools/call",
    "Mcp-Name": "ping",
}


_addresses = itertools.count(1)


@contextmanager
def _running(state: Path, *words: str) -> Generator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", *words, "--state", str(state), "--port", "0"]
    process = subprocess.Popen(command)
    try:
        assert becomes_true(lambda: state.exists() or process.poll() is not None, START_SECONDS)
        assert process.poll() is None, "the demo ended by itself"
        yield process
    finally:
        process.terminate()
        assert process.wait(STOP_SECONDS) in {0, -signal.SIGKILL}
        assert becomes_true(lambda: not state.exists())


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Any]]:
    """The state of a demo that all tests of this module but the last share."""
    state = tmp_path_factory.mktemp("demo") / "state.json"
    with _running(state, "reference_server", "demo"):
        yield {**json.loads(state.read_text()), "file": state}


def _ping(state: dict[str, Any], key: str) -> httpx.Response:
    headers = {**HEADERS, "X-Api-Key": key}
    return httpx.post(state["url"], json=PING, headers=headers, trust_env=False)


def test_the_state_file_is_private(demo: dict[str, Any]) -> None:
    assert stat.S_IMODE(demo["file"].stat().st_mode) == 0o600


def test_the_secrets_are_private_and_complete(demo: dict[str, Any]) -> None:
    folder = Path(demo["launch"]["secrets_dir"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} == {
        *(*SecretName, PROXY_SIGNING, CLIENT_SECRET),
        *(MAIL_KEY, MAIL_WEBHOOK),
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


TABLES = (
    *("metric_cache", "platform_credentials", "oauth_states", "sync_log"),
    *("credentials", "vault_secrets"),
)


@pytest.mark.parametrize("label", ["a", "b"])
def test_of_a_tenants_keys_only_the_active_one_works(demo: dict[str, Any], label: str) -> None:
    tenant = demo["tenants"][label]
    answer = _ping(demo, tenant["key"])
    assert answer.status_code == 200
    assert tenant["id"] in answer.text
    assert _ping(demo, tenant["revoked_key"]).status_code == 401
    assert _ping(demo, tenant["expired_key"]).status_code == 401


def test_each_tenant_has_a_row_in_every_table(demo: dict[str, Any]) -> None:
    with psycopg.connect(demo["database"]["auditor"]) as connection:
        for table in TABLES:
            name = sql.Identifier(table)
            query = sql.SQL("SELECT count(DISTINCT tenant_id) FROM {}").format(name)
            assert connection.execute(query).fetchone() == (len(demo["tenants"]),)
        row = connection.execute("SELECT data->>'campaign' FROM metric_cache").fetchall()
    assert {name for (name,) in row} == {tenant["canary"] for tenant in demo["tenants"].values()}


def test_the_log_file_holds_json_lines(demo: dict[str, Any]) -> None:
    _ping(demo, demo["tenants"]["a"]["key"])
    lines = Path(demo["log_file"]).read_text().splitlines()
    assert lines
    assert all(json.loads(line)["time"] for line in lines)


def test_the_clock_file_moves_the_servers_time(demo: dict[str, Any]) -> None:
    """The keys are valid for 365 days, so a year and a day later none is."""
    clock = Path(demo["clock_file"])
    try:
        clock.write_text(str(366 * 86_400))
        assert _ping(demo, demo["tenants"]["a"]["key"]).status_code == 401
    finally:
        clock.unlink()
    assert _ping(demo, demo["tenants"]["a"]["key"]).status_code == 200


def test_the_launch_command_serves_the_same_tenants(demo: dict[str, Any]) -> None:
    with _launched(demo) as (twin, _):
        assert _ping(twin, demo["tenants"]["b"]["key"]).status_code == 200


@contextmanager
def _launched(demo: dict[str, Any], *more: str) -> Generator[tuple[dict[str, Any], int]]:
    """Serve the demo's tenants by its launch command; yield that server's state and process id."""
    port = free_port()
    values = {"{secrets}": demo["launch"]["secrets_dir"], "{port}": str(port)}
    command = [values.get(word, word) for word in demo["launch"]["command"]]
    process = subprocess.Popen([*command, *more], stdout=subprocess.DEVNULL)
    try:
        assert becomes_true(lambda: _answers(port), START_SECONDS)
        yield {**demo, "url": f"http://127.0.0.1:{port}/mcp"}, process.pid
    finally:
        process.terminate()
        assert process.wait(STOP_SECONDS) == 0


def test_two_workers_share_one_exact_limit(demo: dict[str, Any]) -> None:
    headers = {**HEADERS, "X-Api-Key": demo["tenants"]["b"]["key"]}
    with _launched(demo, *demo["launch"]["several_workers"]) as (twin, pid):
        assert len(psutil.Process(pid).children()) == 2

        address = ("127.0.0.1", httpx.URL(twin["url"]).port)

        def work(_: int) -> list[int]:
            return [_post_from("127.0.0.77", address, headers) for _ in range(15)]

        with ThreadPoolExecutor(8) as executor:
            codes = Counter(code for found in executor.map(work, range(8)) for code in found)
    assert codes == {200: 100, 429: 20}


def test_a_revoked_key_is_refused_by_every_worker_at_once(demo: dict[str, Any]) -> None:
    admin = {"X-Admin-Token": demo["admin_token"]}
    tenant = demo["tenants"]["spare"]["id"]
    with _launched(demo, *demo["launch"]["several_workers"]) as (twin, _):
        origin = twin["url"].removesuffix("/mcp")
        body = {"tenantId": tenant, "description": "to be revoked"}
        new = httpx.post(f"{origin}/admin/api-keys/rotate", json=body, headers=admin).json()
        assert {_ping(twin, new["apiKey"]).status_code for _ in range(6)} == {200}
        body = {"tenantId": tenant, "keyId": new["keyId"]}
        answer = httpx.post(f"{origin}/admin/api-keys/revoke", json=body, headers=admin)
        assert answer.status_code == 200
        assert {_ping(twin, new["apiKey"]).status_code for _ in range(6)} == {401}


def test_sessions_end_on_every_worker_within_a_second(demo: dict[str, Any]) -> None:
    """By their own end, and by that of their key; a proxy's word serves one worker, once."""
    tenant, admin = demo["tenants"]["spare"]["id"], {"X-Admin-Token": demo["admin_token"]}
    with _launched(demo, *demo["launch"]["several_workers"]) as (twin, _):
        origin = twin["url"].removesuffix("/mcp")

        def admit(path: str, **body: str) -> dict[str, str]:
            return httpx.post(f"{origin}/admin/api-keys/{path}", json=body, headers=admin).json()

        def codes(token: str) -> set[int]:
            return {_called(twin, {"Authorization": f"Bearer {token}"}) for _ in range(6)}

        new = admit("rotate", tenantId=tenant, description="with sessions")
        key = {"X-Api-Key": new["apiKey"]}
        one, other = (httpx.post(f"{origin}/auth/session", headers=key).json() for _ in range(2))
        assert codes(one["token"]) == codes(other["token"]) == {200}
        bearer = {"Authorization": f"Bearer {one['token']}"}
        assert httpx.delete(f"{origin}/auth/session", headers=bearer).status_code == 204
        assert becomes_true(lambda: codes(one["token"]) == {401}, 1.0)
        assert codes(other["token"]) == {200}
        admit("revoke", tenantId=tenant, keyId=new["keyId"])
        assert becomes_true(lambda: codes(other["token"]) == {401}, 1.0)

        command = demo["proxy"]["commands"]["b"]
        word = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        told = [_called(twin, {demo["proxy"]["header"]: word}) for _ in range(4)]
        assert told == [200, 401, 401, 401]


def _called(state: dict[str, Any], credential: dict[str, str]) -> int:
    """Call from an address that nobody has called from: what is refused blocks no other."""
    transport = httpx.HTTPTransport(local_address=f"127.0.3.{next(_addresses)}")
    with httpx.Client(transport=transport, headers={**HEADERS, **credential}) as client:
        return client.post(state["url"], json=PING).status_code


def test_the_trail_of_all_of_this_is_whole(demo: dict[str, Any]) -> None:
    """The demo and the launched servers, several processes in all, wrote one chain."""
    command = demo["operations"]["verify_audit"]
    verified = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (verified.returncode, verified.stdout[:7]) == (0, "intact:")


def test_the_linter_of_the_state_finds_glued_sql(demo: dict[str, Any], tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text('def f(x):\n    return f"SELECT * FROM t WHERE id = {x}"\n')
    found = subprocess.run(
        [*demo["repository"]["lint"], str(bad)], check=False, capture_output=True
    )
    assert found.returncode == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_it_ends_without_a_trace(tmp_path: Path, number: signal.Signals) -> None:
    """A mutant serves here, so that its start is seen too; killed or asked, nothing stays."""
    path = tmp_path / "state.json"
    name = min(mutant.id for mutant in all_mutants().values() if mutant.sql)
    with _running(path, "reference_server.mutants", name) as process:
        state = json.loads(path.read_text())
        assert state["launch"]["command"][2:5] == [
            "reference_server.mutants",
            name,
            "--serve",
        ]
        family = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, number)
        assert process.wait(STOP_SECONDS) == (0 if number != signal.SIGKILL else -number)
    assert becomes_true(lambda: all(map(has_ended, family)))
    folder = Path(state["log_file"]).parent
    assert becomes_true(lambda: not folder.exists() and not path.exists())


def test_a_signal_during_start_up_ends_it_too(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    command = [sys.executable, "-m", "reference_server", "demo", "--state", str(path)]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(command, env=environment)
    assert becomes_true(lambda: any(tmp_path.glob("hallmark-demo-*")), START_SECONDS)
    process.terminate()
    assert process.wait(STOP_SECONDS) == 0
    assert list(tmp_path.iterdir()) == []


def _post_from(source: str, address: tuple[str, int | None], headers: dict[str, str]) -> int:
    """Return the status of one ping on a connection of its own, so that workers take turns."""
    link = HTTPConnection(*address, source_address=(source, 0))
    own = {"Content-Type": "application/json", "User-Agent": "hallmark-tests/1.0"}
    link.request("POST", "/mcp", json.dumps(PING), {**headers, **own})
    status = link.getresponse().status
    link.close()
    return status


def _answers(port: int) -> bool:
    link = HTTPConnection("127.0.0.1", port)  # httpx would load certificates each time
    try:
        link.request("GET", "/health")
        return link.getresponse().status == 200
    except OSError:
        return False
    finally:
        link.close()
