"""The wire channel: HTTP to the target, bounded in time and size, from an address of our choice."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.channels.http.answer import Answer, Transport
from conformance.channels.http.connections import connections_of
from conformance.channels.http.missing import is_missing, require_habit
from conformance.channels.http.sent import route_of
from conformance.channels.http.sessions import is_gone
from conformance.channels.http.spelling import absolute, request_target
from conformance.channels.http.transport import EAR, HEARD, SAID, exchanged
from conformance.forge import guise
from conformance.forge.requests import STATELESS, Request, message_id, opening, rpc, tool_call
from conformance.model.sent import Sent
from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import httpx

    from conformance.channels.http.connections import Connections
    from conformance.channels.http.gate import Gate
    from conformance.channels.http.transcript import Transcript
    from conformance.manners.budget import Budget
    from conformance.manners.courtesy import Courtesy
    from conformance.profile.signing import Way
    from conformance.profile.target import Target

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that may be repeated whoever asks (RFC 9110 §9.2.1)."""
SECONDS = 10.0
"""The longest one exchange may take, from connect to the last byte."""


class Wire:
    """One check's line to the target.

    ``address`` pins the line to one client address, outside the budget. ``seconds`` bounds each
    exchange; a line that has it waits on purpose, which counts as no loss of time. On it, and where
    ``may_be_silent``, a missing answer is an answer like others; elsewhere it keeps a check from
    its *pass*, and accuses only if the target withholds it each time. Bodies wait at the ``gate``.
    """

    def __init__(  # noqa: PLR0913 -- three of them only derive one line from another
        self,
        target: Target,
        revision: str,
        budget: Budget,
        transcript: Transcript,
        *,
        address: str | None = None,
        seconds: float | None = None,
        may_be_silent: bool = False,
        courtesy: Courtesy | None = None,
        pause: Callable[[], None] = lambda: None,
        meets_limits: bool = False,
        gate: Gate | None = None,
        listing: str = "tools/list",
        shared: Connections | None = None,
    ) -> None:
        self.target, self.transcript, self.revision = target, transcript, revision
        self._budget, self._address, self._seconds = budget, address, seconds
        self._may_be_silent = may_be_silent or seconds is not None
        self._gate = gate
        self._shared = shared or replace(
            connections_of(target),
            courtesy=courtesy,
            pause=pause,
            meets_limits=meets_limits,
            listing=listing,
        )
        self.listing = self._shared.listing
        self._sessions: dict[str, str | None] = {}

    def close(self) -> None:
        """End the sessions that were opened, and close every connection."""
        self._end_sessions()
        self._shared.clients.close()

    def _end_sessions(self) -> None:
        """End what can be ended at once: what would need a wait, or is refused, stays open.

        A tenant at its limit is not asked, and neither is a key of which nobody knows whether it
        is still good. It is no part of the check, and so in nobody's evidence.
        """
        deadline = time.monotonic() + SECONDS
        for session in self._shared.sessions.taken():
            key = session.key
            if self._shared.meets_limits or (key and key not in self._shared.paced_keys):
                continue
            if time.monotonic() > deadline or not self._budget.has_room(key):
                return
            request = session.ending()
            if key is not None:
                request = request.with_header(*self.key_header(key))
            self.note_sent(request.method, request.path, 1, fails=False)
            if not is_gone(request, self._carried_out(request, key, may_fail=False)[-1]):
                return

    def derived(  # noqa: PLR0913 -- each is left as it is unless it is named
        self,
        *,
        revision: str | None = None,
        address: str | None = None,
        seconds: float | None = None,
        may_be_silent: bool = False,
        meets_limits: bool = False,
        gate: Gate | None = None,
        way: Way | None = None,
    ) -> Wire:
        """Return a line that differs in revision, address, patience, limits, gate, or way."""
        shared = self._shared.by(way)
        return Wire(
            self.target,
            revision or self.revision,
            self._budget,
            self.transcript,
            address=address or self._address,
            seconds=seconds or self._seconds,
            may_be_silent=self._may_be_silent or may_be_silent,
            gate=gate,
            shared=shared.for_limits() if meets_limits else shared,
        )

    def at(self, url: str) -> Wire:
        """Return the same line to another process of the target, which has limits of its own.

        A check that starts a process may also end it, so it may fall silent.
        """
        endpoint = self.target.target.model_copy(update={"url": url})
        target = self.target.model_copy(update={"target": endpoint})
        return Wire(
            target,
            self.revision,
            self._budget,
            self.transcript,
            address=self._address,
            seconds=self._seconds,
            may_be_silent=True,
            shared=self._shared.of_another_process(),
        )

    @property
    def path(self) -> str:
        """The path of the MCP route."""
        return "/" + self.target.url.split("://", 1)[1].partition("/")[2]

    @property
    def address(self) -> str | None:
        """The client address this line is pinned to, if it is."""
        return self._address

    def trust(self, key: str, payer: str | None = None) -> None:
        """Count a key minted during the run as good, or a token on account of ``payer``, a key."""
        spare = self.target.tenants and self.target.tenants.spare
        self._shared.trust(key, payer, spare.path if spare else None)

    def path_of(self, key: str) -> str:
        """Return the path at which the tenant is served whose key it is."""
        return self._shared.paths.get(key, self.path)

    # -- requests ------------------------------------------------------------------------------

    def send(self, request: Request, *, key: str | None = None, is_guarded: bool = True) -> Answer:
        """Send one request, with ``key`` as the profile says keys are sent, and return the answer.

        ``is_guarded`` False tells that the route asks for no key, so none can fail there.
        """
        if key is not None:
            request = request.with_header(*self.key_header(key))
            if request.path is None and key in self._shared.paths:
                request = request.but(path=self._shared.paths[key])
            self.transcript.presented(key)
        fails = is_guarded and key not in self._shared.good_keys
        self.note_sent(request.method, request.path, 1, fails=fails)
        self._shared.pause()
        answer = self._heeded(request, key, may_fail=fails)
        if self._may_be_silent:
            return answer
        if is_missing(answer) and not (self._shared.meets_limits and answer.status):
            self._require_habit(request, answer, key, may_fail=fails)
        if not answer.is_whole:
            self.transcript.miss(request, answer)
        return answer

    def _heeded(self, request: Request, key: str | None, *, may_fail: bool) -> Answer:
        """Exchange a request, once more where the target said when to come again."""
        courtesy = self._shared.courtesy
        if courtesy is None:
            return self._sent(request, key, may_fail=may_fail)
        courtesy.heed()
        answer = self._sent(request, key, may_fail=may_fail)
        remedy = self._shared.remedy(key)
        if courtesy.note(answer, remedy):
            courtesy.heed()
            answer = self._sent(request, key, may_fail=may_fail)
            courtesy.note(answer, remedy)
        return answer

    def _sent(self, request: Request, key: str | None, *, may_fail: bool) -> Answer:
        """Charge a request, exchange it, and write it down."""
        with self._budget.exchange():
            url, headers, answer = self._carried_out(request, key, may_fail=may_fail)
        self.transcript.exchange(request, url, headers, answer, may_be_control=not may_fail)
        self._shared.sessions.note(request, answer, revision=self.revision, key=key)
        return answer

    def _carried_out(
        self, request: Request, key: str | None, *, may_fail: bool
    ) -> tuple[str, list[tuple[str, str]], Answer]:
        """Charge a request and exchange it; return where to, with which headers, and the answer."""
        address = self._charged(key, may_fail=may_fail)
        url = self.target.url if request.path is None else absolute(request.path, self.target.url)
        worn = guise.current()
        headers = [("User-Agent", worn.agent), ("Accept-Encoding", worn.encodings)]
        names = {name.lower() for name, _ in request.headers} | request.omitted
        headers = [pair for pair in headers if pair[0].lower() not in names]
        headers += [*request.headers, *request.repeated]
        with self._shared.clients.lent(address, request.version) as client:
            return url, headers, self._exchange(client, request, url, headers)

    def _require_habit(
        self, request: Request, answer: Answer, key: str | None, *, may_fail: bool
    ) -> None:
        """Raise NotEstablishedError unless the target itself keeps an answer back."""

        def again() -> Answer:
            return self._sent(request, key, may_fail=may_fail)

        def knock() -> Answer:
            tenants = self.target.tenants
            return self.derived(may_be_silent=True).knock(tenants.a.key if tenants else None)

        has_effects = key is None and not may_fail and request.method not in SAFE
        require_habit(answer, None if has_effects else again, knock, self._shared.remedy(key))

    def note_sent(self, method: str, path: str | None, requests: int, *, fails: bool) -> None:
        """Count requests of one kind; ``fails`` tells that they present no right credential."""
        with self._shared.lock:
            kind = Sent(method, route_of(self.target, path), fails)
            self.transcript.sent[str(kind)] += requests

    def _charged(self, key: str | None, *, may_fail: bool) -> str | None:
        """Charge a request to its key and its address; return the address."""
        with self._shared.lock:
            if key is not None:
                self.pace(self._shared.payers.get(key, key))
            if self._address is not None:
                return self._address
            return self._budget.spend(may_fail=may_fail)

    def pace(self, key: str) -> None:
        """Charge a request to a key's tenant, waiting if need be, whatever credential it shows."""
        if key in self._shared.paced_keys:
            self._budget.pace(key)

    def make_room(self, key: str, requests: int) -> None:
        """Wait until so many requests may be charged to a key's tenant without a wait."""
        with self._shared.lock:
            if key in self._shared.paced_keys:
                self._budget.make_room(key, requests)

    def charge(self, key: str, requests: int) -> None:
        """Count requests that another program is about to send with a key, waiting if need be."""
        self.note_sent("POST", None, requests, fails=False)
        for _ in range(requests):
            self._charged(key, may_fail=key not in self._shared.good_keys)

    def key_header(self, key: str) -> tuple[str, str]:
        """Return the header that carries a key at this target, or a session token of its."""
        is_session = key in self._shared.payers
        return (self._shared.way or self.target.way_of(is_session=is_session)).field(key)

    def get(self, path: str, **headers: str) -> Answer:
        """GET an unguarded path of the target's origin."""
        return self.send(Request("GET", path, tuple(headers.items())), is_guarded=False)

    def knock(self, key: str | None = None) -> Answer:
        """Send the one request that opens a conversation: authenticated, cheap, without effect."""
        return self.send(opening(self.revision), key=key)

    def post_admin(
        self, path: str, body: bytes | None, token: str | None, *, method: str = "POST"
    ) -> Answer:
        """Send JSON, if anything, to an administrator's route."""
        headers = [("Content-Type", "application/json")] if body is not None else []
        if token is not None:
            headers.append((self.target.headers.admin_token, token))
        right = self.target.admin is not None and token == self.target.admin.token
        request = Request(method, path, tuple(headers), body)
        return self.send(request, is_guarded=not right)

    def strongest_probe(self) -> Request:
        """Return the one request that shows most if it is carried out without a key."""
        if self.revision == STATELESS and self.target.tools.ping:
            return tool_call(self.target.tools.ping, {}, revision=self.revision, session=None)
        return opening(self.revision)

    def call(self, method: str, params: dict[str, Any] | None = None, *, key: str) -> Answer:
        """Make one JSON-RPC call, in a session where there are any; a session refused is told."""
        refused = self._open_session(key)
        if refused is not None:
            return refused
        session, number = self._sessions.get(key), self.message_id(key)
        request = rpc(method, params, revision=self.revision, session=session, message_id=number)
        return self.send(request, key=key)

    def message_id(self, key: str) -> int:
        """Return a JSON-RPC id that no other call with this key has."""
        with self._shared.lock:
            return next(self._shared.message_ids[key])

    def call_tool(self, name: str, arguments: dict[str, Any], *, key: str) -> Answer:
        """Call a tool as ``call`` does."""
        return self.call("tools/call", {"name": name, "arguments": arguments}, key=key)

    def call_ping(self, *, key: str) -> Answer:
        """Call the tool that answers with the caller's tenant; without one, list what there is."""
        if self.target.tools.ping:
            return self.call_tool(self.target.tools.ping, {}, key=key)
        return self.call(self.listing, key=key)

    def open_session(
        self, key: str, able: Mapping[str, Any] | None = None
    ) -> tuple[Answer, str | None]:
        """Initialize a session (2025 revisions): the answer and the session's id, if it has one."""
        answer = self.send(opening(self.revision, able=able), key=key)
        session = answer.header("mcp-session-id")
        if answer.succeeded:
            method = "notifications/initialized"
            ready = rpc(method, revision=self.revision, session=session, message_id=None)
            self.send(ready, key=key)
        return answer, session

    def _open_session(self, key: str) -> Answer | None:
        with self._shared.lock:
            if self.revision == STATELESS or key in self._sessions:
                return None
            answer, session = self.open_session(key)
            if not answer.succeeded:
                return answer
            self._sessions[key] = session
            return None

    def _exchange(
        self, client: httpx.Client, request: Request, url: str, headers: list[tuple[str, str]]
    ) -> Answer:
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        body: bytes | Iterator[bytes] | None = request.body
        if self._gate is not None and request.body:
            raw.append((b"Content-Length", b"%d" % len(request.body)))
            body = self._gate.held(request.body)
        told = {SAID: request.said, HEARD: request.heard, EAR: request.ear}
        prepared = client.build_request(
            request.method,
            self.target.url,
            headers=raw,
            content=body,
            timeout=self._seconds or SECONDS,
            extensions={"target": request_target(url, request.path), **told},
        )
        for name in request.omitted:  # the library has a value of its own for some
            prepared.headers.pop(name, None)
        started = time.monotonic()
        answer = self._waited_for(client, prepared)
        answer = replace(answer, started=started, asked=message_id(request))
        request_id = answer.header(self.target.headers.request_id)
        return answer.without(request_id) if request_id else answer

    def _waited_for(self, client: httpx.Client, prepared: httpx.Request) -> Answer:
        """Exchange; NotEstablishedError where the run's patience ends before the line's."""
        if self._seconds is not None:
            return exchanged(client, prepared, self._seconds)
        stalls, started = self._budget.stalls, time.monotonic()
        seconds = stalls.allowed(SECONDS)
        answer = exchanged(client, prepared, seconds)
        stalls.note(started, has_ended=not answer.was_abandoned)
        if answer.was_abandoned and seconds < SECONDS:
            stalls.require_patience()  # cut shorter than others, it tells nothing of the target
        return answer


def require_alive(answer: Answer) -> None:
    """Raise NotEstablishedError when nothing that speaks HTTP answered."""
    if answer.transport is not Transport.ANSWERED:
        raise NotEstablishedError(f"the target does not answer: {answer}")
