"""Whose word for a client's address is taken."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from reference_server.core.vocabulary import ProxyHeader
from reference_server.tests.fakes import World
from reference_server.web.client_address import ClientAddresses

PROXY = "10.0.0.1"
TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def found(
    peer: str,
    *values: str,
    hops: int = 1,
    header: ProxyHeader = ProxyHeader.X_FORWARDED_FOR,
    sent_as: str | None = None,
) -> str:
    settings = replace(
        World().settings, trusted_proxies=TRUSTED, proxy_hops=hops, proxy_header=header
    )
    headers = [(sent_as or header.value.lower(), value) for value in values]
    return ClientAddresses(settings).find(peer, headers)


def test_nobody_is_believed_by_default() -> None:
    addresses = ClientAddresses(World().settings)
    assert addresses.find("127.0.0.1", [("x-forwarded-for", "1.2.3.4")]) == "127.0.0.1"


@pytest.mark.parametrize(
    ("values", "hops", "address"),
    [
        (["1.2.3.4"], 1, "1.2.3.4"),
        (["6.6.6.6, 1.2.3.4"], 1, "1.2.3.4"),
        (["6.6.6.6", "1.2.3.4"], 1, "1.2.3.4"),
        (["6.6.6.6, 1.2.3.4, 10.0.0.2"], 2, "1.2.3.4"),
        (["1.2.3.4:5678"], 1, "1.2.3.4"),
        (["[2001:DB8::1]:443"], 1, "2001:db8::1"),
        (["2001:db8:0::1"], 1, "2001:db8::1"),
        (["::ffff:1.2.3.4"], 1, "1.2.3.4"),
        ([], 1, PROXY),
        (["1.2.3.4"], 2, PROXY),
        (["unknown"], 1, PROXY),
        (["1.2.3.4,"], 1, PROXY),
    ],
)
def test_what_the_proxies_wrote_counts_and_nothing_before_it(
    values: list[str], hops: int, address: str
) -> None:
    assert found(PROXY, *values, hops=hops) == address


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("for=1.2.3.4", "1.2.3.4"),
        ("for=6.6.6.6, for=1.2.3.4;proto=https", "1.2.3.4"),
        ('proto=https; For="[2001:db8::1]:99"', "2001:db8::1"),
        ('for="1.2.3.4:80";by=_x', "1.2.3.4"),
        ("for=_hidden", PROXY),
        ("by=1.2.3.4", PROXY),
        ('host="for=6.6.6.6"', PROXY),
    ],
)
def test_forwarded_is_read_as_its_standard_says(value: str, address: str) -> None:
    assert found(PROXY, value, header=ProxyHeader.FORWARDED) == address


def test_the_header_that_the_proxies_do_not_write_is_the_clients_claim() -> None:
    assert found(PROXY, "for=6.6.6.6", sent_as="forwarded") == PROXY


@pytest.mark.parametrize(
    ("peer", "address"), [("9.9.9.9", "9.9.9.9"), ("::ffff:9.9.9.9", "9.9.9.9"), ("", "")]
)
def test_an_untrusted_peer_counts_as_itself(peer: str, address: str) -> None:
    assert found(peer, "1.2.3.4") == address


def test_a_proxy_on_an_ipv6_socket_is_the_one_that_is_listed() -> None:
    assert found("::ffff:10.0.0.1", "1.2.3.4") == "1.2.3.4"
    assert found("fd00::1", "1.2.3.4") == "1.2.3.4"
