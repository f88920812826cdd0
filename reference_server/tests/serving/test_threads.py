"""A client that does not send on takes no thread with it."""

from __future__ import annotations

from contextlib import ExitStack

import httpx

from reference_server.core.settings import Limits
from reference_server.protocol.gate import WORKERS
from reference_server.tests.fakes import KEY_A, World
from reference_server.tests.live import serving
from reference_server.tests.serving.sockets import connected

HALF = (
    "POST /oauth/google/callback HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    f"X-Api-Key: {KEY_A}\r\nContent-Length: 20\r\n\r\n{{"
)


def test_half_a_body_takes_no_thread() -> None:
    limits = Limits(address_requests=10_000, tenant_requests=10_000)
    with serving(World(limits=limits)) as origin, ExitStack() as held:
        for _ in range(2 * WORKERS):
            held.enter_context(connected(origin)).sendall(HALF.encode())
        assert httpx.get(f"{origin}/health", timeout=5).status_code == 200
