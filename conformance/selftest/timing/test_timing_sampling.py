"""The sampler, against small servers that keep, close, drip, babble, or count who asks."""

from __future__ import annotations

import gc
import itertools
import socket
import ssl
import threading
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from conformance.profile.target import UNLIMITED
from conformance.timing.exchange import Connection, Endpoint, ExchangeError
from conformance.timing.measure import TooFewError, measure
from conformance.timing.sampling import MOST_BLOCKS, WARM_UP, Plan, Probe, Sampler
from conformance.timing.statistics import Rule
from conformance.timing.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    Answer = Callable[[bytes], bytes]

REFUSED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"
HEALTHY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LAST = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
PROBES = (Probe("a", b"GET /a HTTP/1.1\r\n\r\n"), Probe("b", b"GET /b HTTP/1.1\r\n\r\n"))
OPENING = b"GET /health HTTP/1.1\r\n\r\n"


class Small:
    """A server of one thread a connection; it remembers which address asked for what."""

    def __init__(self, answer: Answer, context: ssl.SSLContext | None = None) -> None:
        self.asked: list[tuple[str, str]] = []
        self._answer, self._context = answer, context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http{'s' if context else ''}://localhost:{self._listener.getsockname()[1]}/mcp"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                line, (address, _) = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(line, address), daemon=True).start()

    def _serve(self, line: socket.socket, address: str) -> None:
        try:
            if self._context:
                line = self._context.wrap_socket(line, server_side=True)
            with line:
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while request := line.recv(65536):
                    self.asked.append((address, request.split()[1].decode()))
                    answer = self._answer(request)
                    line.sendall(answer)
                    if b"close" in answer:
                        return
        except OSError:
            return


@contextmanager
def serving(answer: Answer, context: ssl.SSLContext | None = None) -> Generator[Small]:
    server = Small(answer, context)
    try:
        yield server
    finally:
        server.close()


def refusing(request: bytes) -> bytes:
    return HEALTHY if b"/health" in request else REFUSED


def addresses() -> Callable[[], str]:
    numbers = itertools.count()
    return lambda: f"127.200.{(number := next(numbers)) // 250 + 1}.{number % 250 + 1}"


def sampler_for(server: Small) -> Sampler:
    return Sampler(Plan(server.url, PROBES, OPENING), addresses())


def test_each_block_holds_every_class_and_no_address_reaches_the_limit() -> None:
    with serving(refusing) as server:
        sampler = sampler_for(server)
        assert sampler.collect(100) == 100
    assert sampler.times.shape == (100, 2)
    assert (sampler.times > 0).all()
    failures = Counter(address for address, path in server.asked if path != "/health")
    assert max(failures.values()) == 8
    assert sum(failures.values()) >= 200 + WARM_UP
    assert {address for address, path in server.asked if path == "/health"} == set(failures)


def test_the_order_within_a_block_changes() -> None:
    with serving(refusing) as server:
        sampler_for(server).collect(60)
    paths = [path for _, path in server.asked if path != "/health"]
    firsts = Counter(paths[::2])
    assert min(firsts["/a"], firsts["/b"]) > 20


@pytest.mark.parametrize(
    ("failures", "requests", "blocks"),
    [(10, 100, 4), (5, 100, 2), (3, 100, 1), (2, 100, 0), (1000, 9, 3)],
)
def test_blocks_an_address_follow_from_the_declared_limits(
    failures: int, requests: int, blocks: int
) -> None:
    plan = Plan("http://x/", PROBES, OPENING, failures=failures, requests=requests)
    assert plan.blocks_an_address == blocks


def test_an_opening_that_fails_is_charged_too() -> None:
    assert Plan("http://x/", PROBES, OPENING, opening_fails=True, failures=4).blocks_an_address == 1


def test_without_limits_a_connection_is_left_after_a_few_blocks_all_the_same() -> None:
    unlimited = Plan("http://x/", PROBES, OPENING, failures=UNLIMITED, requests=UNLIMITED)
    assert unlimited.blocks_an_address == MOST_BLOCKS


def test_the_warm_up_ends_in_time_as_well() -> None:
    server = Small(refusing)
    try:
        sampler = sampler_for(server)
        assert sampler.collect(10, time.monotonic()) == 0
        assert not server.asked
    finally:
        server.close()


def test_limits_without_room_for_a_block_are_refused() -> None:
    with pytest.raises(ValueError, match="no room"):
        Sampler(Plan("http://x/", PROBES, OPENING, failures=2), addresses())


@pytest.mark.parametrize("closing", [LAST, b"HTTP/1.1 401 No\r\n\r\nto the end, close"])
def test_a_target_that_closes_each_time_is_asked_on_new_connections(closing: bytes) -> None:
    with serving(lambda _: closing) as server:
        sampler = sampler_for(server)
        assert sampler.collect(50) == 50
    assert sampler.reconnects
    assert max(Counter(address for address, _ in server.asked).values()) <= 9


def test_a_target_that_closes_now_and_then_is_noticed() -> None:
    count = itertools.count()

    def tired(request: bytes) -> bytes:
        return LAST if next(count) % 40 == 39 else refusing(request)

    with serving(tired) as server:
        sampler = sampler_for(server)
        assert sampler.collect(100) == 100
    assert sampler.reconnects


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n", 401),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n", 401),
    ],
)
def test_every_framing_of_an_answer_is_understood(answer: bytes, status: int) -> None:
    with serving(lambda _: answer) as server:
        line = Connection(Endpoint.of(server.url), None)
        with line:
            timed = line.ask(OPENING)
    assert (timed.status, timed.closes) == (status, False)
    assert timed.nanoseconds > 0


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 401 No\r\nContent-Length: many\r\n\r\n", "not a number"),
        (b"HTTP/1.1 401 No\r\nContent-Length: 90000\r\n\r\n" + b"x" * 80000, "longer than"),
        (b"HTTP/1.1 401 No\r\nConnection: close\r\nContent-Length: 9\r\n\r\n", "ended before"),
    ],
)
def test_what_is_no_bounded_http_answer_is_an_error(answer: bytes, what: str) -> None:
    with (
        serving(lambda _: answer) as server,
        Connection(Endpoint.of(server.url), None) as line,
        pytest.raises(ExchangeError, match=what),
    ):
        line.ask(OPENING)


def test_a_target_that_keeps_breaking_is_given_up() -> None:
    with serving(lambda _: b"nonsense\r\n\r\n") as server, pytest.raises(ExchangeError):
        sampler_for(server).collect(50)


def test_a_target_that_is_not_there_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ExchangeError, match="no connection"):
        Connection(Endpoint.of(f"http://127.0.0.1:{port}/"), None)


def test_garbage_collection_is_on_again_afterwards() -> None:
    seen: list[bool] = []

    def watching(request: bytes) -> bytes:
        seen.append(gc.isenabled())
        return refusing(request)

    with serving(watching) as server:
        sampler_for(server).collect(20)
    assert not any(seen)
    assert gc.isenabled()


def test_tls_is_spoken_where_the_url_says_so(tmp_path: Path) -> None:
    inside, outside = _certificate(tmp_path)
    with serving(refusing, inside) as server:
        sampler = Sampler(Plan(server.url, PROBES, OPENING), addresses(), tls=outside)
        assert sampler.collect(10) == 10
        with pytest.raises(ExchangeError, match="CERTIFICATE"):
            Connection(Endpoint.of(server.url), None)


def test_a_leak_on_real_sockets_is_found() -> None:
    def leaking(request: bytes) -> bytes:
        if b"/a" in request:
            end = time.perf_counter_ns() + 2_000_000
            while time.perf_counter_ns() < end:
                pass
        return refusing(request)

    with serving(leaking) as server:
        found = measure(sampler_for(server), ["a", "b"], Rule(), seconds=20)
    assert found.outcome is Outcome.LEAK
    assert found.last.pairs[0].shift.low > 1000


def test_too_little_time_is_no_verdict() -> None:
    with serving(refusing) as server, pytest.raises(TooFewError, match="of each kind"):
        measure(sampler_for(server), ["a", "b"], Rule(), seconds=0)


def _certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's context with a certificate of its own, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    day = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(day)
        .not_valid_after(day + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inside.load_cert_chain(path)
    return inside, ssl.create_default_context(cafile=str(path))
