"""What answers when there is no request to answer: bytes that are not HTTP, or never end to be."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, cast
from uuid import uuid4

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import get_remote_addr

from reference_server.observability.logs import log_event
from reference_server.serving.budget import Budget
from reference_server.serving.door import Door

if TYPE_CHECKING:
    from asyncio import TimerHandle, Transport
    from collections.abc import Mapping

    from uvicorn._types import ASGI3Application
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from reference_server.core.settings import Settings
    from reference_server.parts import Parts

BODY = b'{"error":"bad_request"}'

_OLD = "1.0"
_VERSIONS = {_OLD: 0, "1.1": 1}
"""The versions of HTTP that are spoken, and how many Hosts a request must have."""

SLICE = 4096
"""Bytes that are parsed before the bounds are looked at again: one read brings up to 256 KiB."""
BODY_SLICE = 65536
"""The same in the midst of a body, which has a bound of its own elsewhere."""


class TooManyFieldsError(Exception):
    """A head has more fields than it may have. It ends the parser's work, and the answer is 400."""


class BadHeadError(Exception):
    """A head says what none may say, or not what each must. It ends the parser's work: 400."""


class QueueFullError(Exception):
    """A request comes while too many wait before it. It ends the parser's work, not the answers."""


class BoundedHttp(HttpToolsProtocol):
    """One connection. What of a message is no body has an end, and so has the queue of requests."""

    security_headers: ClassVar[Mapping[str, str]]
    budget: ClassVar[Budget]
    door: ClassVar[Door]
    _head_bytes = 0
    _framing_bytes = 0
    _unheard_bytes = 0
    _is_in_head = True
    _is_full = False
    _has_begun = False
    _holder: str | None = None
    _head_timer: TimerHandle | None = None
    _answering: RequestResponseCycle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin, if there is room; else close at once."""
        peer = get_remote_addr(transport)
        self._holder = self.door.admit(peer[0] if peer else "")
        if self._holder is None:
            self.transport = transport
            transport.abort()
            return
        super().connection_made(transport)
        self._start_head_timer()

    def data_received(self, data: bytes) -> None:
        """Take what has come; a head that is not whole yet must be so in time."""
        self._take(data)
        if self._head_timer is None and self._is_in_head and (self._has_begun or self._head_bytes):
            self._start_head_timer()

    def _take(self, data: bytes) -> None:
        """Parse slice by slice, until a bound is passed; what brings body may be longer."""
        if len(data) <= SLICE and not self._is_full:
            self._parse(data)
            return
        view, start, size = memoryview(data), 0, SLICE
        while start < len(data) and not self.transport.is_closing():
            if self._is_full:
                self._disregard(len(data) - start)
                return
            # The parser takes any buffer, and copies what it hands on.
            self._parse(cast("bytes", view[start : start + size]))
            start += size
            size = min(2 * size, BODY_SLICE) if self._is_in_body() else SLICE

    def _is_in_body(self) -> bool:
        return not self._is_in_head and not self._framing_bytes

    def _disregard(self, count: int) -> None:
        self._unheard_bytes += count
        if self._unheard_bytes > self.budget.unheard_bytes:
            self.transport.close()

    def _parse(self, part: bytes) -> None:
        if self._is_in_head:
            self._head_bytes += len(part)
        else:
            self._framing_bytes += len(part)
        super().data_received(part)
        if self._is_in_head:
            is_too_long = self._head_bytes > self.budget.head_bytes
        else:
            is_too_long = self._framing_bytes > self.budget.framing_bytes
        if is_too_long:
            self.send_400_response("")

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request being answered, too; uvicorn tells only the last that has come."""
        super().connection_lost(exc)
        self._stop_head_timer()
        if self._holder is not None:
            self.door.release(self._holder)
        self.pipeline.clear()
        if self._answering is not None:
            self._answering.disconnected = True
            self._answering.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def on_message_begin(self) -> None:
        """Begin a request, unless too many wait: then the last of them is the connection's last."""
        if len(self.pipeline) >= self.budget.queued_requests:
            self._is_full = True
            self.cycle.keep_alive = False
            raise QueueFullError
        self._has_begun = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header. A trailer is none: the chain has judged the request by then.

        The library leaves blanks at a field's end, which are no part of its value (RFC 9110 5.5).
        """
        if self._is_in_head:
            if len(self.headers) >= self.budget.fields:
                raise TooManyFieldsError
            super().on_header(name, value.strip(b" \t"))

    def on_headers_complete(self) -> None:
        """Take the head as complete; what follows is a body."""
        self._is_in_head, self._has_begun, self._framing_bytes = False, False, 0
        self._stop_head_timer()
        self._check_head()
        super().on_headers_complete()
        if self.pipeline:
            # uvicorn reads no further while a request waits, and would not see its client go.
            self.flow.resume_reading()

    def _check_head(self) -> None:
        """Raise BadHeadError for what others on the way may read in another way than we do.

        RFC 9112 asks for 400 where a request of HTTP/1.1 has no Host, or one has two (3.2), and has
        HTTP/1.0 know no transfer coding (6.1). HTTP/0.9 has no head that could hold a key, and of
        codings only ``chunked`` is known.
        """
        version = cast("Any", self.parser).get_http_version()
        hosts = sum(name == b"host" for name, _ in self.headers)
        codings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        if version not in _VERSIONS or hosts > 1 or hosts < _VERSIONS[version]:
            raise BadHeadError
        if codings and (codings != [b"chunked"] or version == _OLD):
            raise BadHeadError

    def on_body(self, body: bytes) -> None:
        """Take a part of the body, however small: the message goes on."""
        self._framing_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Expect the next head."""
        self._is_in_head, self._head_bytes = True, 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that cannot be parsed, and close; ``msg`` is uvicorn's, not sent.

        Such bytes reach no chain, for there is no URL, header or key to judge.
        """
        del msg
        if self._is_full or self.transport.is_closing():
            return
        request_id = str(uuid4())
        if not self._has_answered():
            headers = {**self.security_headers, "X-Request-Id": request_id}
            self.transport.write(_answer(headers))
        self.transport.close()
        if self.door.has_a_line("bad_request"):
            _log(request_id, self.client[0] if self.client else "")

    def _start_head_timer(self) -> None:
        self._head_timer = self.loop.call_later(self.budget.head_seconds, self._end_late_head)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end_late_head(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            self._start_head_timer()  # the rest may have come, and not been read
            return
        self.door.tell("late_head")
        self.transport.close()

    def _has_answered(self) -> bool:
        """Tell whether an answer has begun that this one would break: then only closing is left."""
        answering = self._answering
        if answering is None or not answering.response_started:
            return False
        return not (answering.response_complete and self._is_in_head)


def protocol_class(
    settings: Settings, parts: Parts, budget: Budget | None = None
) -> type[BoundedHttp]:
    """Return the protocol of one server, whose 400 has the headers of every other answer."""
    budget = budget or Budget()
    shared = {
        "security_headers": parts.web.security_headers,
        "budget": budget,
        "door": Door(budget, settings.trusted_proxies),
    }
    return type("Http", (BoundedHttp,), shared)


def _answer(headers: Mapping[str, str]) -> bytes:
    lines = [
        "HTTP/1.1 400 Bad Request",
        *(f"{name.lower()}: {value}" for name, value in headers.items()),
        "content-type: application/json",
        f"content-length: {len(BODY)}",
        "connection: close",
        "",
        "",
    ]
    return "\r\n".join(lines).encode("latin-1") + BODY


def _log(request_id: str, address: str) -> None:
    log_event(
        "request",
        request_id,
        method=None,
        path=None,
        status=int(HTTPStatus.BAD_REQUEST),
        address=address,
        ms=0,
    )
