"""What a caller's URL may lead to: decided on the address that is connected to."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from reference_server.core.errors import RefusedUrlError
from reference_server.outbound import addresses
from reference_server.outbound.addresses import is_public, public_address
from reference_server.outbound.fetching import MOST_BYTES, Fetcher, PublicNetwork
from reference_server.tests.answering import Silent, answering

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

PUBLIC = ("8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8")
IPV4 = (
    "127.0.0.1 127.9.9.9 0.0.0.0 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 "
    "192.0.0.8 192.0.2.1 192.88.99.1 198.18.0.1 203.0.113.9 224.0.0.1 240.0.0.1 255.255.255.255"
)
IPV6 = (
    ":: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 100::1 "
    "2001::1 2001:db8::1 2002:7f00:1:: 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 "
    "ff02::1"
)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_of_the_public_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", [*IPV4.split(), *IPV6.split()])
def test_what_is_special_is_not(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "host", ["localhost", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "[::1]", "1.2.3.4.invalid"]
)
def test_a_host_is_judged_by_what_it_resolves_to(host: str) -> None:
    with pytest.raises(RefusedUrlError):
        public_address(host.strip("[]"), 80)


def test_one_private_address_among_public_ones_refuses_a_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolve(host: str, port: int) -> list[str]:
        del host, port
        return ["8.8.8.8", "10.0.0.1"]

    monkeypatch.setattr(addresses, "resolved", resolve)
    with pytest.raises(RefusedUrlError, match="no public address"):
        public_address("rebinding.example", 80)


def is_other_than_loopback(address: object) -> bool:
    return str(address) != "127.0.0.1"


def test_a_name_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that answers otherwise the second time is not heard a second time."""
    answers = iter([["192.0.2.7"], ["127.0.0.1"]])
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        del port
        asked.append(host)
        return next(answers)

    reached: list[str] = []

    def connect(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        reached.append(address[0])
        raise OSError

    monkeypatch.setattr(addresses, "resolved", resolve)
    monkeypatch.setattr(addresses, "is_public", is_other_than_loopback)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(RefusedUrlError, match="did not answer"):
        Fetcher().fetch("http://rebinding.example/")
    assert asked == ["rebinding.example"]
    assert reached == ["192.0.2.7"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        "gopher://example.com/",
        "http://",
        "http://user:word@example.com/",
        "http://example.com\\@127.0.0.1/",
        "http://example.com/a b",
        "http://example.com/\r\nX: y",
        "http://example.com:99999/",
        "http://[::1/",
        "http://１２７.0.0.1/",  # noqa: RUF001 -- wide digits are the case
        f"http://example.com/{'a' * 2000}",
    ],
)
def test_what_is_no_plain_url_is_refused(url: str) -> None:
    with pytest.raises(RefusedUrlError, match="not one of http or https"):
        Fetcher().fetch(url)


def test_a_port_of_its_own_is_refused() -> None:
    with pytest.raises(RefusedUrlError, match="port"):
        Fetcher().fetch("http://example.com:22/")


class Page(Silent):
    """Answers, sends on, or has no end."""

    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Answer by the path."""
        self.seen.append(self.path)
        status = 302 if self.path == "/on" else 200
        self.send_response(status)
        self.send_header("Location", "/there")
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"x" * (10 * MOST_BYTES if self.path == "/long" else 10))


@contextmanager
def serving() -> Generator[str]:
    with answering(Page) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def origin() -> Iterator[str]:
    Page.seen.clear()
    with serving() as url:
        yield url


def test_an_allowed_origin_is_fetched_from(origin: str) -> None:
    found = Fetcher([origin]).fetch(f"{origin}/page")
    assert (found.status, found.content_type, found.size) == (200, "text/html", 10)


def test_no_other_port_of_an_allowed_host_is(origin: str) -> None:
    with serving() as other, pytest.raises(RefusedUrlError):
        Fetcher([origin]).fetch(f"{other}/page")
    assert not Page.seen


def test_no_redirect_is_followed(origin: str) -> None:
    assert Fetcher([origin]).fetch(f"{origin}/on").status == 302
    assert Page.seen == ["/on"]


def test_no_more_is_read_than_is_wanted(origin: str) -> None:
    assert Fetcher([origin]).fetch(f"{origin}/long").size == MOST_BYTES


def test_a_network_that_is_kept_gives_each_connection_its_time() -> None:
    """A deadline that began with the network would be over when the second fetch begins."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    network = PublicNetwork([("127.0.0.1", port)], seconds=0.2)
    never = threading.Event()
    with listener:
        for _ in range(2):
            stream = network.connect_tcp("127.0.0.1", port)
            never.wait(0.25)
            with pytest.raises(TimeoutError):
                stream.read(1)
            stream.close()
