"""One HTTP exchange on the wire channel, made a value however it ends."""

from __future__ import annotations

import errno
import ssl
import threading
import time
from collections import defaultdict
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING

import httpx

from conformance.channels.http.answer import Answer, Transport
from conformance.channels.http.body import ReplyWatch, UnreadableBodyError, unpacked
from conformance.channels.http.bounds import Allowance, BoundedTransport, within
from conformance.channels.http.websocket import answered

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from conformance.forge.requests import Ear

MOST_BYTES = 1 << 21
"""The most of a body that is kept: a page that a tool is shown with may have more than a MiB."""
STANDING_SECONDS = 1.0
"""How long a stream is read that is meant to stand open: it ends nowhere, and that is no fault."""
SAID = "said"
"""The extension of a request that holds what to say on a WebSocket."""
HEARD = "heard"
"""The extension of a request that holds who is told what has come of an event stream."""
EAR = "ear"
"""The extension of a request that holds who hears its answer while it comes."""

_HEAD = "head"
"""The extension of a response that holds its headers as they came."""


def new_client(
    address: str | None,
    tls: ssl.SSLContext,
    version: str = "1.1",
    admits: Callable[[str], bool] | None = None,
) -> httpx.Client:
    """Return a client that sends from an address, follows no redirect and reads no environment.

    It keeps no cookie: one that was earned with a right key would go with requests without any.
    Where an address is not one that it ``admits``, nothing is sent there.
    """
    return httpx.Client(
        event_hooks={"response": [_set_location_aside]},
        transport=BoundedTransport(address, tls, version, admits),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
    )


def _set_location_aside(response: httpx.Response) -> None:
    """Keep the headers as they came, and the library from a redirect that is none of its business.

    It makes a request of each, also where none is followed, and fails at a place that is no URL.
    """
    response.extensions[_HEAD] = tuple(response.headers.raw)
    response.headers.pop("location", None)


class Clients:
    """HTTP clients by address and version of HTTP, each lent to one exchange at a time.

    They trust the authorities of a file besides those that are known.

    Threads that shared one would lose answers: httpcore closes an idle connection that can be read,
    since its server must have closed it, although another thread may have taken it meanwhile, and
    what can be read be that one's answer.
    """

    def __init__(self, ca_bundle: str | None = None) -> None:
        self._tls = trust(ca_bundle)
        self._idle: defaultdict[tuple[str | None, str], list[httpx.Client]] = defaultdict(list)
        self._all: list[httpx.Client] = []
        self._lock = threading.Lock()  # bounded: held to take or give back a client

    @contextmanager
    def lent(self, address: str | None, version: str = "1.1") -> Generator[httpx.Client]:
        """Lend a client that nobody uses: the one used last, whose connection is still open."""
        with self._lock:
            idle = self._idle[address, version]
            if not idle:
                idle.append(new_client(address, self._tls, version))
                self._all += idle
            client = idle.pop()
        try:
            yield client
        finally:
            with self._lock:
                idle.append(client)

    def close(self) -> None:
        """Close every connection."""
        for client in self._all:
            client.close()


def exchanged(client: httpx.Client, request: httpx.Request, seconds: float) -> Answer:
    """Send a request and return what came within ``seconds``, from connect to the last byte.

    Only an error in the request itself is raised: that is no answer of the target's.
    """
    started = time.monotonic()
    with within(seconds) as allowance:
        try:
            answer = _read(client, request, allowance)
        except httpx.TransportError as error:
            ended, why = _transport_of(error)
        else:
            is_late = answer.truncated and allowance.is_over
            return replace(answer, seconds=time.monotonic() - started, was_abandoned=is_late)
    return Answer(
        ended,
        seconds=time.monotonic() - started,
        detail=why,
        was_abandoned=ended is Transport.TIMEOUT,
    )


def _read(client: httpx.Client, request: httpx.Request, allowance: Allowance) -> Answer:
    """Return status, headers and body; of a body that cannot be read, the reason."""
    response = client.send(request, stream=True)
    allowance.expect_a_body()
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in response.extensions.get(_HEAD, response.headers.raw)
    )
    try:
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            said = request.extensions.get(SAID) or b""
            body = answered(response.extensions["network_stream"], said)
            return Answer(Transport.ANSWERED, response.status_code, headers, body)
        ear: Ear | None = request.extensions.get(EAR)
        if ear is not None:
            body = _heard(response, allowance, ear, headers)
            return Answer(Transport.ANSWERED, response.status_code, headers, body)
        is_standing = _is_standing(request, response)
        if is_standing:
            allowance.shorten(STANDING_SECONDS)
        body, is_cut = _bounded(response, allowance, request.extensions.get(HEARD))
        is_cut = is_cut and not (is_standing and allowance.is_over)
    except UnreadableBodyError as error:
        status, why = response.status_code, str(error)
        return Answer(Transport.UNREADABLE, status=status, headers=headers, detail=why)
    finally:
        response.close()
        if response.status_code == HTTPStatus.NO_CONTENT:
            # A server that gave it a body breaks off a moment later, and the next answer is lost.
            response.extensions["network_stream"].close()
    return Answer(Transport.ANSWERED, response.status_code, headers, body, truncated=is_cut)


def _is_standing(request: httpx.Request, response: httpx.Response) -> bool:
    """Tell whether this is a stream on which a server may send what nobody has asked for."""
    return request.method == "GET" and _is_stream(response)


def _is_stream(response: httpx.Response) -> bool:
    return response.headers.get("content-type", "").lower().startswith("text/event-stream")


def _bounded(
    response: httpx.Response, allowance: Allowance, heard: Callable[[bytes], None] | None
) -> tuple[bytes, bool]:
    """Return the body, and whether it was cut because its time or its room was over."""
    body = bytearray()
    is_stream, watch = _is_stream(response), ReplyWatch()
    encoding = response.headers.get("content-encoding", "")
    try:
        for chunk in unpacked(_while_time_lasts(response, allowance), encoding):
            body += chunk
            if len(body) > MOST_BYTES or allowance.is_over:
                return bytes(body[:MOST_BYTES]), True
            # An event stream may stay open after the reply: the reply is all that is wanted.
            if is_stream and watch.feed(chunk):
                return bytes(body), False
            if is_stream and heard is not None:
                heard(bytes(body))
    except httpx.ReadTimeout:
        return bytes(body), True
    return bytes(body), False


def _heard(
    response: httpx.Response, allowance: Allowance, ear: Ear, headers: tuple[tuple[str, str], ...]
) -> bytes:
    """Have an answer heard until it ends, its time is over or somebody shuts its line."""
    body = bytearray()
    line = response.extensions["network_stream"].get_extra_info("socket")
    ear.begin(response.status_code, headers, line)
    allowance.prolong(ear.seconds)
    encoding = response.headers.get("content-encoding", "")
    with suppress(httpx.TransportError):
        for chunk in unpacked(_while_time_lasts(response, allowance), encoding):
            body += chunk
            ear.hear(chunk)
            if len(body) > MOST_BYTES:
                break
    return bytes(body[:MOST_BYTES])


def _while_time_lasts(response: httpx.Response, allowance: Allowance) -> Iterator[bytes]:
    """Yield the body's chunks, but none after the deadline, however fast they come."""
    for chunk in response.iter_raw():
        yield chunk
        if allowance.is_over:
            raise httpx.ReadTimeout("the exchange has no time left")


@cache
def trust(ca_bundle: str | None) -> ssl.SSLContext:
    """Return the certificates to trust, which take longer to read than most requests take.

    Those of ``ca_bundle`` are trusted besides. Raises OSError where it is no file of certificates.
    """
    context = httpx.create_ssl_context()
    if ca_bundle is not None:
        context.load_verify_locations(cafile=ca_bundle)
    return context


def _transport_of(error: httpx.TransportError) -> tuple[Transport, str]:
    words = str(error)
    if isinstance(error, httpx.TimeoutException):
        return Transport.TIMEOUT, ""
    if isinstance(error, httpx.ConnectError):
        return _unconnected(error)
    if isinstance(error, httpx.RemoteProtocolError):
        if "disconnected" in words:
            return Transport.RESET, "the connection was closed without an answer"
        if "without sending complete" in words:
            return Transport.CUT, words
        return Transport.GARBAGE, words
    if isinstance(error, (httpx.LocalProtocolError, httpx.UnsupportedProtocol)):
        raise error  # our own request was malformed: that is no answer of the target's
    return Transport.RESET, words


def _unconnected(error: httpx.ConnectError) -> tuple[Transport, str]:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Transport.UNTRUSTED, cause.verify_message
        if isinstance(cause, ssl.SSLError):
            return Transport.NO_TLS, str(cause.reason or cause)
        if isinstance(cause, OSError):
            refused = cause.errno == errno.ECONNREFUSED
            return (Transport.REFUSED, "") if refused else (Transport.UNREACHABLE, str(cause))
        cause = cause.__cause__ or cause.__context__
    return Transport.UNREACHABLE, str(error)
