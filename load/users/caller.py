"""What all users share: an address, a key, and a line to the target that notes what it sees."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import gevent
import requests
from gevent.event import Event
from locust import HttpUser
from locust.exception import StopUser
from urllib3 import PoolManager

from conformance.forge import guise
from conformance.forge.requests import STATELESS, Request, tool_call
from load.ledger import Conduct, Ledger, Observation
from load.reply import message_of, result_of
from load.users.lookout import Lookout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from locust.env import Environment

    from load.setting import Call, Setting
    from load.users.pace import Pace
    from load.users.seats import Seat, Seats

SECONDS = 10.0
"""The longest one exchange may take, from connect to the last byte."""
MOST_BYTES = 1 << 20
"""The most of a body that is read."""
CONNECTIONS = 50
"""The most requests that one user has in flight."""


@dataclass
class World:
    """What the users of one run share."""

    setting: Setting
    ledger: Ledger
    seats: Seats
    pace: Pace
    stopping: Event = field(default_factory=Event)


@dataclass
class _Answer:
    """An answer as far as it came; ``trouble`` is empty when it is whole."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    trouble: str = ""
    session: str | None = None


class Caller(HttpUser):
    """A user of one tenant with a client address of its own."""

    abstract = True
    world: ClassVar[World]
    conduct: ClassVar[Conduct] = Conduct.WITHIN
    revision: ClassVar[str] = STATELESS

    def __init__(self, environment: Environment) -> None:
        self.seat: Seat = self.world.seats.take(type(self).__name__, self.conduct)
        source = (self.seat.address, 0) if self.seat.address else None
        self.pool_manager = PoolManager(num_pools=1, maxsize=CONNECTIONS, source_address=source)
        super().__init__(environment)  # pyright: ignore[reportUnknownMemberType]
        self.client.trust_env = False  # a proxy of the environment must not see keys
        setting = self.world.setting
        self._lookout = Lookout(setting.tenants, self.seat.tenant, setting.target.fields.results)
        self._turn = 0

    def next_call(self) -> Call:
        """Return the profile's calls in turn."""
        self._turn += 1
        calls = self.world.setting.calls
        return calls[self._turn % len(calls)]

    def call_tool(self, call: Call, session: str | None = None) -> None:
        """Call a tool and note what came of it."""
        request = tool_call(
            call.tool, dict(call.arguments), revision=self.revision, session=session
        )
        self.send(request, call.tool, tool=call.tool)

    def send(self, request: Request, name: str, *, tool: str | None = None) -> _Answer:
        """Send one request when it is this user's turn, and note what came back.

        Raises StopUser when the run ends before the turn comes.
        """
        self._await_turn()
        sent = time.monotonic()
        answer = self._exchange(request, name)
        self.world.ledger.add(self._observe(answer, name, tool, (sent, time.monotonic())))
        return answer

    def _await_turn(self) -> None:
        if self.seat.conduct is Conduct.BEYOND:
            return
        delay = self.world.pace.delay(self.seat.address, self.seat.tenant)
        if delay > 0 and self.world.stopping.wait(delay):
            raise StopUser

    def _exchange(self, request: Request, name: str) -> _Answer:
        answer = _Answer()
        target = self.world.setting.target
        scheme, key = target.headers.api_key_scheme, self._key()
        value = f"{scheme} {key}" if scheme else key
        headers = dict(request.with_header(target.headers.api_key, value).headers)
        headers |= {"User-Agent": guise.current().agent, "Accept-Encoding": "identity"}
        started = time.monotonic()
        client: Any = self.client
        try:
            with (
                gevent.Timeout(SECONDS),
                client.request(
                    request.method,
                    target.url,
                    name=f"{self.revision} {name}",
                    catch_response=True,
                    data=request.body,
                    headers=headers,
                    stream=True,
                    allow_redirects=False,
                ) as response,
            ):
                _read(response, answer)
                self._report(response, answer, started)
        except gevent.Timeout:
            answer.status, answer.trouble = 0, f"timed out after {SECONDS:.0f} s"
            self._report_time_out(request, name, answer)
        return answer

    def _report_time_out(self, request: Request, name: str, answer: _Answer) -> None:
        environment: Any = self.environment
        environment.events.request.fire(
            request_type=request.method,
            name=f"{self.revision} {name}",
            response_time=SECONDS * 1000,
            response_length=0,
            exception=TimeoutError(answer.trouble),
            context={},
        )

    def _key(self) -> str:
        tenants = self.world.setting.tenants
        return (tenants.a if self.seat.tenant == "a" else tenants.b).key

    def _report(self, response: Any, answer: _Answer, started: float) -> None:
        response.request_meta["response_time"] = (time.monotonic() - started) * 1000
        response.request_meta["response_length"] = len(answer.body)
        expected = self.seat.conduct is Conduct.BEYOND and answer.status == requests.codes.too_many
        if answer.trouble:
            response.failure(answer.trouble)
        elif expected:
            response.success()

    def _observe(
        self, answer: _Answer, name: str, tool: str | None, times: tuple[float, float]
    ) -> Observation:
        identity = answer.headers.get(self.world.setting.target.headers.request_id.lower())
        message = message_of(answer.body)
        text = "\n".join([*answer.headers.values(), answer.body.decode("utf-8", "replace")])
        return Observation(
            tenant=self.seat.tenant,
            address=self.seat.address,
            conduct=self.seat.conduct,
            call=name,
            tool=tool,
            sent=times[0],
            received=times[1],
            status=answer.status,
            request_id=identity,
            result=result_of(message),
            retry_after=answer.headers.get("retry-after"),
            foreign=tuple(self._lookout.foreign(text, message, identity)),
            shows_own_canary=self._lookout.shows_own_canary(text),
            trouble=answer.trouble,
        )


def _read(response: Any, answer: _Answer) -> None:
    if response.error is not None:
        answer.trouble = f"{type(response.error).__name__}"
        return
    body = bytearray()
    try:
        for chunk in _chunks(response):
            body += chunk
            if len(body) > MOST_BYTES:
                answer.trouble = f"more than {MOST_BYTES} bytes"
                break
    except requests.RequestException as error:
        answer.trouble = f"{type(error).__name__} in the body"
    answer.headers = {name.lower(): value for name, value in response.headers.items()}
    answer.body = bytes(body)
    answer.status = 0 if answer.trouble else response.status_code


def _chunks(response: Any) -> Iterator[bytes]:
    try:
        yield from response.iter_content(8192)
    finally:
        response.close()
