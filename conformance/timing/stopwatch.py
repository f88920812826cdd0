"""Compares requests by the time their refusal takes: what the checks of TIME hold in hand."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from conformance.analysis.alike import difference
from conformance.channels.http.transport import trust
from conformance.forge import guise
from conformance.forge.requests import Request
from conformance.model import Channel
from conformance.timing.aid import helped
from conformance.timing.apart import apart
from conformance.timing.measure import measure
from conformance.timing.sampling import Plan, Probe, Sampler
from conformance.timing.statistics import Rule
from conformance.timing.verdict import Measurement, Tolerance
from conformance.verdicts import NotAssessedError, establish
from conformance.waiting import announced

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.profile.target import Target
    from conformance.text.redaction import Redactor

_Shown = TypeVar("_Shown", bound="str | None")
_REFUSED: frozenset[int] = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


@dataclass(frozen=True)
class Door:
    """Where requests are timed: a URL, how one is sent there by the way, and what refuses there."""

    url: str
    ask: Callable[[Request], Answer]
    refusals: frozenset[int] = _REFUSED


class Stopwatch:
    """Compares requests by time. ``address`` returns client addresses nobody else uses.

    ``started`` is the session of a target that the run itself has started.
    """

    def __init__(
        self,
        wire: Wire,
        address: Callable[[], str | None],
        redactor: Redactor,
        started: int | None = None,
    ) -> None:
        self._wire, self._address, self._redactor = wire, address, redactor
        self._started = started

    def compare_credentials(
        self,
        credentials: Mapping[str, str | None],
        request: Request,
        header: Callable[[str], tuple[str, str]],
        *,
        works: str | None,
    ) -> Measurement:
        """Return how ``request``'s times differ with wrong credentials, which go in a header.

        None presents nothing. ``works`` is a right credential, where there is one. Otherwise as
        ``compare``.
        """

        def presenting(value: str | None) -> Request:
            return request if value is None else request.with_header(*header(value))

        requests = self._presented(credentials, presenting)
        return self.compare(requests, works=None if works is None else presenting(works))

    def compare_presented(
        self, credentials: Mapping[str, str], presenting: Callable[[str], Request], door: Door
    ) -> Measurement:
        """Return how the times of requests differ that present wrong credentials at a door.

        That a right one is let in there is for the caller to have seen. Otherwise as ``compare``.
        """
        return self.compare(self._presented(credentials, presenting), works=None, door=door)

    def compare(
        self, requests: Mapping[str, Request], *, works: Request | None, door: Door | None = None
    ) -> Measurement:
        """Return how the times of requests that are refused, by name, differ from the first's.

        Establishes first that a right request, where there is one, is let in, and that the wrong
        ones are refused; at the endpoint, unless it is at another ``door``. NotAssessedError where
        the refusals differ openly, for then nobody needs a clock, and where the target's limits
        leave no room for one request of each kind from one address.
        """
        door = door or Door(self._target.url, self._wire.send)
        tls = trust(self._target.target.ca_bundle)
        sampler = Sampler(self._plan(requests, door.url), self._address, tls=tls)
        self._establish_good_case(sampler, works)
        _require_alike(requests, door)
        limits = self._target.timing
        tolerance = Tolerance(limits.microseconds, limits.share, limits.tail_share)
        rule = Rule(tolerance, against_first=True)
        measuring = announced("measuring response times", limits.seconds, is_measuring=True)
        with self._quiet(sampler, limits.seconds / 4), measuring:
            found = measure(sampler, tuple(requests), rule, limits.seconds)
        one, timed = next(iter(requests.values())), sampler.statuses.total()
        self._wire.note_sent(one.method, one.path, timed, fails=True)
        seen = sorted({f"{name}: {status}" for name, status in sampler.statuses})
        establish(
            {status for _, status in sampler.statuses} <= door.refusals,
            f"every request that was timed was refused ({', '.join(seen)})",
        )
        self._wire.transcript.note("what the clock showed", found.describe())
        self._wire.transcript.figure("times", found.as_data())
        return found

    @property
    def _target(self) -> Target:
        return self._wire.target

    @contextmanager
    def _quiet(self, sampler: Sampler, seconds: float) -> Generator[None]:
        """Keep from the clock what this machine can be kept from adding to it."""
        if self._started is None:
            yield
            return
        with helped(sampler, partial(apart, self._started), seconds) as core:
            if core is not None:
                self._wire.transcript.note(
                    "where it ran", f"the target was confined to core {core}"
                )
            yield

    def _presented(
        self, credentials: Mapping[str, _Shown], presenting: Callable[[_Shown], Request]
    ) -> dict[str, Request]:
        for name, value in credentials.items():
            if value is not None:
                self._redactor.learn(value, f"{name} credential")  # it may hold most of a right one
        return {name: presenting(value) for name, value in credentials.items()}

    def _plan(self, requests: Mapping[str, Request], url: str) -> Plan:
        target = self._target
        health = target.routes.health if urlsplit(url)[:2] == urlsplit(target.url)[:2] else None
        probes = tuple(Probe(name, prepared(url, request)) for name, request in requests.items())
        plan = Plan(
            url=url,
            probes=probes,
            opening=probes[0].request if health is None else self._bytes(Request("GET", health)),
            opening_fails=health is None,
            failures=target.limits.auth_failures,
            requests=target.limits.address_requests,
        )
        if not plan.blocks_an_address:
            raise NotAssessedError(
                f"the declared limits leave no room for {len(probes)} failures from one address",
                Channel.ADDRESSES,
            )
        return plan

    def _establish_good_case(self, sampler: Sampler, works: Request | None) -> None:
        if works is None:
            return
        status = sampler.ask_once(self._bytes(works))
        establish(
            status not in _REFUSED and status < HTTPStatus.INTERNAL_SERVER_ERROR,
            f"the request that is timed is let in with a right credential (got {status})",
        )

    def _bytes(self, request: Request) -> bytes:
        return prepared(self._target.url, request)


def _require_alike(requests: Mapping[str, Request], door: Door) -> None:
    """Raise unless all are refused, and alike: whether they may differ is for other checks."""
    answers = [door.ask(request) for request in requests.values()]
    if not all(answer.status in door.refusals for answer in answers):
        is_refused = all(_is_refused(answer) for answer in answers)
        told = ", ".join(map(str, answers))
        establish(is_refused, f"wrong credentials are refused (got {told})")
        raise _no_clock(requests, told)
    if len({answer.visible for answer in answers}) == 1:
        return
    (first, one), *others = requests.items()
    for name, other in others:
        if told := difference(partial(door.ask, one), partial(door.ask, other)):
            raise _no_clock((first, name), told)


def _is_refused(answer: Answer) -> bool:
    is_client_error = HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
    return is_client_error and answer.status != HTTPStatus.TOO_MANY_REQUESTS


def _no_clock(names: Iterable[str], told: str) -> NotAssessedError:
    return NotAssessedError(
        f"the answers tell these credentials apart openly ({' and '.join(names)}: {told}), so"
        " nobody needs a clock for it; whether they may differ is for no clock to say"
    )


def prepared(url: str, request: Request, *more: tuple[str, str]) -> bytes:
    """Return all bytes of a request to a target, with some more headers."""
    parts, body = urlsplit(url), request.body or b""
    where = request.path or f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    worn = guise.current()
    headers = [
        ("Host", parts.netloc),
        ("User-Agent", worn.agent),
        ("Accept-Encoding", worn.encodings),
        *request.headers,
        *more,
        *([("Content-Length", str(len(body)))] if body else []),
    ]
    lines = [f"{request.method} {where} HTTP/1.1", *(f"{name}: {text}" for name, text in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
