"""Well-behaved callers: two tenants at work below their limits, and a monitor."""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx

from conformance.forge import guise
from conformance.forge.requests import STATELESS, tool_call

if TYPE_CHECKING:
    from conformance.profile.target import Target

CALLS_A_SECOND = 4.0
"""Of each tenant: 240 a minute, where 300 may be."""
ADDRESSES = 4
"""Of each tenant, by turns: 60 a minute each, where 100 may be."""
PROBES_A_SECOND = 10.0
LONGEST = 10.0
"""Seconds after which an answer has not come."""
_PERCENT = 99


@dataclass
class Seen:
    """What came of the calls of one kind: how long each took, in milliseconds, and what failed."""

    times: list[float] = field(default_factory=list[float])
    failures: list[str] = field(default_factory=list[str])

    @property
    def p99(self) -> float:
        """The time that one call in a hundred exceeds; of fewer than a hundred, the longest."""
        if len(self.times) < _PERCENT + 1:
            return max(self.times, default=0.0)
        return statistics.quantiles(self.times, n=100, method="inclusive")[_PERCENT - 1]

    def __add__(self, other: Seen) -> Seen:
        """Return both together."""
        return Seen(self.times + other.times, self.failures + other.failures)


@dataclass(frozen=True)
class Callers:
    """Two tenants and a monitor of a target, from addresses that are their own."""

    target: Target

    async def work(self, seconds: float) -> tuple[Seen, Seen]:
        """Call for so many seconds; return what the tenants saw, and what the monitor did."""
        until = time.monotonic() + seconds
        tenants = self.target.tenants
        if tenants is None or self.target.tools.ping is None:
            raise LookupError("the profile has no [tenants] or no [tools] ping")
        request = tool_call(self.target.tools.ping, {}, revision=STATELESS, session=None)
        jobs = [
            self._ask(
                f"127.200.{number}",
                ADDRESSES,
                CALLS_A_SECOND,
                until,
                request.body,
                {**dict(request.headers), self.target.headers.api_key: tenant.key},
            )
            for number, tenant in enumerate((tenants.a, tenants.b))
        ]
        probing = self._ask("127.201.0", 1, PROBES_A_SECOND, until, None, {})
        *worked, probed = await asyncio.gather(*jobs, probing)
        return worked[0] + worked[1], probed

    async def _ask(
        self,
        network: str,
        addresses: int,
        rate: float,
        until: float,
        body: bytes | None,
        headers: dict[str, str],
    ) -> Seen:
        """Ask at a steady rate, each second time on a new connection; late answers delay nobody."""
        seen, under_way = Seen(), set[asyncio.Task[None]]()
        clients = [_client(f"{network}.{number + 1}") for number in range(addresses)]
        try:
            due, number = time.monotonic(), 0
            while due < until:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                closing = {"Connection": "close"} if number // addresses % 2 else {}
                client = clients[number % addresses]
                under_way.add(
                    asyncio.create_task(self._once(client, body, headers | closing, seen))
                )
                due, number = due + 1 / rate, number + 1
            await asyncio.gather(*under_way)
        finally:
            await asyncio.gather(*(client.aclose() for client in clients))
        return seen

    async def _once(
        self, client: httpx.AsyncClient, body: bytes | None, headers: dict[str, str], seen: Seen
    ) -> None:
        url = self.target.url
        if body is None:
            url = url.removesuffix(httpx.URL(url).path) + (self.target.routes.health or "/health")
        began = time.perf_counter()
        try:
            async with asyncio.timeout(LONGEST):
                answer = await client.request(
                    "GET" if body is None else "POST", url, content=body, headers=headers
                )
            failed = answer.status_code != HTTPStatus.OK or b'"isError":true' in answer.content
            seen.failures += [str(answer.status_code)] if failed else []
        except (httpx.HTTPError, TimeoutError) as error:
            seen.failures.append(type(error).__name__)
        seen.times.append((time.perf_counter() - began) * 1000)


def _client(address: str) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(local_address=address)
    agent = {"User-Agent": guise.current().agent}
    return httpx.AsyncClient(transport=transport, headers=agent, trust_env=False, timeout=LONGEST)
