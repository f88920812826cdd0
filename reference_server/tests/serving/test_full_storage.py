"""Storage that is really full: calls are refused in time, nothing is lost, all comes back."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import httpx
import psycopg
import pytest

from reference_server.audit.verification import Verifier
from reference_server.commands.operations import seed_tenant
from reference_server.core.vocabulary import Role, SecretName
from reference_server.demo.host import disk_bases, find_account, private_folder
from reference_server.demo.ports import free_port
from reference_server.demo.postgres import SUPERUSER
from reference_server.demo.valkey import Valkey
from reference_server.limits.shared import connect_redis
from reference_server.tests.asking import stateless
from reference_server.tests.rows import CHAIN, CHAIN_KEY
from reference_server.tests.serving.small_disk import filled, mounted
from reference_server.tests.waiting import becomes_true

if TYPE_CHECKING:
    from collections.abc import Generator

    from reference_server.demo.database import DemoDatabase

BOUND = 10.0
"""Seconds within which each call is answered."""
MEGABYTES = 8
ENOUGH = 600
"""Calls after which the pages that there were are full, and another is needed."""
SECRET = b"kJ8xVn2Qw0Zr5TtYh7Lb3Mc9Pd1Sf6Ge"
ROOMY = ("address_requests", "tenant_requests", "scanner_requests", "failures")

pytestmark = pytest.mark.slow


@dataclass
class Server:
    """A server in a process of its own, and what it has answered by the ids of requests."""

    process: subprocess.Popen[bytes]
    origin: str
    key: str
    served: list[str] = field(default_factory=list[str])
    refused: list[str] = field(default_factory=list[str])
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=2 * BOUND))

    def call(self) -> bool:
        """Call a tool; tell whether it was carried out. The answer comes in time, and is clear."""
        since = time.monotonic()
        asked = stateless("tools/call", self.key, {"name": "ping", "arguments": {}})
        answer = self.client.post(f"{self.origin}/mcp", **asked)
        assert time.monotonic() - since < BOUND
        number = answer.headers["X-Request-Id"]
        if answer.status_code == HTTPStatus.OK:
            self.served.append(number)
            return True
        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE, answer.text
        assert answer.json()["error"] == "unavailable"
        self.refused.append(number)
        return False

    def is_ready(self) -> bool:
        """Tell whether it says that it can serve."""
        try:
            return self.client.get(f"{self.origin}/ready").status_code == HTTPStatus.OK
        except httpx.TransportError:
            return False


@contextmanager
def _serving(database: DemoDatabase, folder: Path, *more: str) -> Generator[Server]:
    for name in SecretName:
        (folder / name).write_bytes(SECRET)
    (folder / SecretName.AUDIT_CHAIN_KEY).write_bytes(CHAIN_KEY)
    (folder / SecretName.DB_PASSWORD).write_text(database.passwords[Role.APP])
    (folder / "DB_ADMIN_PASSWORD").write_text(database.passwords[Role.ADMIN])
    key = seed_tenant(database.url(Role.ADMIN), folder, "Acme").api_key
    port = free_port()
    words = ["--secrets", str(folder), "--database", database.url(Role.APP), "--port", str(port)]
    words += ["--log-file", str(folder / "log"), *more]
    for name in ROOMY:
        words += ["--limit", f"{name}=1000000"]
    command = [sys.executable, "-m", "reference_server", "serve", *words]
    with subprocess.Popen(command, cwd=Path(__file__).parents[3]) as process:
        server = Server(process, f"http://127.0.0.1:{port}", key)
        try:
            assert becomes_true(server.is_ready, 30)
            yield server
        finally:
            server.client.close()
            process.terminate()
            process.wait(20)


def _calls_at_once(server: Server) -> list[bool]:
    with ThreadPoolExecutor(8) as threads:
        return [one.result() for one in [threads.submit(server.call) for _ in range(40)]]


def _require_whole(server: Server, database: DemoDatabase) -> None:
    """Whatever was answered has its rows, and the trail is that which was written."""
    auditing = database.engine(Role.AUDITOR)
    verdict = Verifier(CHAIN).verify(auditing)
    auditing.dispose()
    assert verdict.broken is None
    with psycopg.connect(database.dsn(Role.AUDITOR)) as auditor:
        found = auditor.execute(
            "SELECT request_id FROM audit_log WHERE event_type = 'mcp.tool_called'"
        ).fetchall()
    called = [number for (number,) in found]
    assert len(called) == len(set(called))
    assert set(server.served) <= set(called)


@pytest.fixture
def folder() -> Generator[Path]:
    # A socket's path may not be longer than some hundred bytes, which pytest's folders can be.
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@contextmanager
def _trail_on_a_small_disk(database: DemoDatabase) -> Generator[Path]:
    """Move the trail to a disk of its own; PostgreSQL's log stays where there is room.

    Without room for that, PostgreSQL itself stops, and has to be started again.
    """
    disk = private_folder(find_account(), disk_bases())
    with mounted(disk, MEGABYTES):
        url, password = database.cluster.url(SUPERUSER, database.name), database.cluster.password
        with psycopg.connect(url, password=password, autocommit=True) as link:
            link.execute(f"CREATE TABLESPACE small LOCATION '{disk}'".encode())
        database.run_as_superuser(["ALTER TABLE audit_log SET TABLESPACE small"])
        try:
            yield disk
        finally:
            database.drop()
            url = database.cluster.url(SUPERUSER, "postgres")
            with psycopg.connect(url, password=password, autocommit=True) as link:
                link.execute("DROP TABLESPACE small")


def test_with_a_full_disk_calls_are_refused_in_time_and_come_back_without_a_restart(
    folder: Path, database: DemoDatabase
) -> None:
    with _trail_on_a_small_disk(database) as disk, _serving(database, folder) as server:
        assert server.call()
        with filled(disk):
            assert not all(server.call() for _ in range(ENOUGH)), "the disk is full"
            assert not any(_calls_at_once(server))
        assert becomes_true(server.call, 20)
        assert all(_calls_at_once(server))
        assert becomes_true(server.is_ready)
        assert server.process.poll() is None
        _require_whole(server, database)


def test_with_a_full_redis_calls_are_refused_in_time_and_come_back_without_a_restart(
    folder: Path, database: DemoDatabase
) -> None:
    if Valkey.program() is None:
        pytest.skip("there is no Redis here")
    with Valkey(folder) as valkey, ExitStack() as stack:
        client = connect_redis(valkey.url, None)
        stack.callback(client.close)
        secrets = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(_serving(database, secrets, "--redis", valkey.url))
        assert server.call()
        cast("Any", client).config_set("maxmemory-policy", "noeviction")
        cast("Any", client).config_set("maxmemory", 1)
        assert not any(_calls_at_once(server))
        assert becomes_true(lambda: not server.is_ready(), 20)  # it is asked once a second
        cast("Any", client).config_set("maxmemory", 0)
        assert becomes_true(server.call, 20)
        assert all(_calls_at_once(server))
        assert becomes_true(server.is_ready)
        assert server.process.poll() is None
        _require_whole(server, database)
