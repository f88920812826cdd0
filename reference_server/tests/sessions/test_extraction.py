"""Where a token is looked for, in which order, and by which of eight names one is missed."""

from __future__ import annotations

import pytest

from reference_server.core.settings import CHAINS
from reference_server.core.vocabulary import TokenFailure, TokenMethod
from reference_server.sessions.contracts import Found, Missed
from reference_server.sessions.extraction import TokenChain

BEARER = ("Authorization", "Bearer a.b.c")
WORD = ("X-Mcp-Proxy-Auth", "v1 t=1,n=2")
COOKIE = ("Cookie", "other=1; __Host-hallmark=d.e.f")
AUTHORIZATION, PROXY, BY_COOKIE = TokenMethod


def _found(chain: TokenChain, *headers: tuple[str, str], is_mcp: bool = False) -> object:
    found = chain.extract(headers, is_mcp=is_mcp)
    return found.method if isinstance(found, Found) else found.reason


@pytest.mark.parametrize(
    ("headers", "path", "method"),
    [
        ((BEARER, WORD, COOKIE), "/auth/session", AUTHORIZATION),
        ((COOKIE, WORD, BEARER), "/auth/session", AUTHORIZATION),
        ((WORD, COOKIE), "/auth/session", PROXY),
        ((COOKIE,), "/auth/session", BY_COOKIE),
        ((BEARER, WORD, COOKIE), "/mcp", PROXY),
        ((BEARER, COOKIE), "/mcp", AUTHORIZATION),
    ],
)
def test_the_first_method_that_finds_something_wins(
    headers: tuple[tuple[str, str], ...], path: str, method: TokenMethod
) -> None:
    assert _found(TokenChain(CHAINS["standard"]), *headers, is_mcp=path == "/mcp") is method


@pytest.mark.parametrize(
    ("chain", "methods"),
    [
        (TokenChain(CHAINS["standard"]), [AUTHORIZATION, PROXY, BY_COOKIE]),
        (TokenChain(CHAINS["browser-only"]), [AUTHORIZATION, BY_COOKIE]),
        (TokenChain(CHAINS["api-only"]), [AUTHORIZATION]),
        (TokenChain((BY_COOKIE, AUTHORIZATION)), [BY_COOKIE, AUTHORIZATION]),
    ],
)
def test_a_chain_tries_its_own_methods_and_no_others(
    chain: TokenChain, methods: list[TokenMethod]
) -> None:
    missed = chain.extract((), is_mcp=False)
    assert isinstance(missed, Missed)
    assert list(missed.tried) == methods
    every = {AUTHORIZATION: BEARER, PROXY: WORD, BY_COOKIE: COOKIE}
    for method, header in every.items():
        expected = method if method in methods else missed.reason
        assert _found(chain, header) in {expected, TokenFailure.NOT_IN_COOKIE}


@pytest.mark.parametrize(
    ("header", "failure"),
    [
        (("Authorization", ""), TokenFailure.INVALID_AUTHORIZATION),
        (("Authorization", "Bearer"), TokenFailure.INVALID_AUTHORIZATION),
        (("Authorization", "Basic YTpi"), TokenFailure.INVALID_AUTHORIZATION),
        (("Authorization", "Bearer a b"), TokenFailure.INVALID_AUTHORIZATION),
        (("Authorization", "Bearer a,b"), TokenFailure.INVALID_AUTHORIZATION),
        (("Authorization", "a.b.c"), TokenFailure.INVALID_AUTHORIZATION),
        (("X-Mcp-Proxy-Auth", ""), TokenFailure.INVALID_PROXY),
        (("X-Mcp-Proxy-Auth", "tenant-a"), TokenFailure.INVALID_PROXY),
        (("Cookie", "no-sign"), TokenFailure.INVALID_COOKIE),
        (("Cookie", "a=\xff"), TokenFailure.INVALID_COOKIE),
        (("Cookie", "__Host-hallmark="), TokenFailure.INVALID_COOKIE),
        (("Cookie", "__Host-hallmark=a; __Host-hallmark=b"), TokenFailure.INVALID_COOKIE),
        (("Cookie", '__Host-hallmark="a"'), TokenFailure.INVALID_COOKIE),
    ],
)
def test_what_is_presented_wrongly_ends_the_search(
    header: tuple[str, str], failure: TokenFailure
) -> None:
    """Whatever weaker credential stands beside it."""
    weaker = [one for one in (WORD, COOKIE) if one[0] != header[0]]
    weaker = [] if header[0] == "Cookie" else [COOKIE] if header[0] != "Authorization" else weaker
    assert _found(TokenChain(CHAINS["standard"]), header, *weaker) is failure


@pytest.mark.parametrize("header", [BEARER, WORD, COOKIE])
def test_a_header_that_stands_twice_is_two_claims(header: tuple[str, str]) -> None:
    found = TokenChain(CHAINS["standard"]).extract((header, header), is_mcp=False)
    assert isinstance(found, Missed)
    assert not found.is_absent


@pytest.mark.parametrize(
    ("headers", "cookie"),
    [
        ((), TokenFailure.MISSING_COOKIE),
        ((("Cookie", "other=1"),), TokenFailure.NOT_IN_COOKIE),
        ((("Cookie", "other=a b{}; "),), TokenFailure.NOT_IN_COOKIE),
    ],
)
def test_each_method_says_what_it_missed(
    headers: tuple[tuple[str, str], ...], cookie: TokenFailure
) -> None:
    missed = TokenChain(CHAINS["standard"]).extract(headers, is_mcp=False)
    assert isinstance(missed, Missed)
    assert missed.is_absent
    assert missed.reason is TokenFailure.NONE_FOUND
    assert missed.tried == {
        AUTHORIZATION: TokenFailure.MISSING_AUTHORIZATION,
        PROXY: TokenFailure.MISSING_PROXY,
        BY_COOKIE: cookie,
    }


@pytest.mark.parametrize(
    ("method", "failure"),
    [
        (AUTHORIZATION, TokenFailure.MISSING_AUTHORIZATION),
        (PROXY, TokenFailure.MISSING_PROXY),
        (BY_COOKIE, TokenFailure.MISSING_COOKIE),
    ],
)
def test_the_only_method_of_a_chain_names_its_own_failure(
    method: TokenMethod, failure: TokenFailure
) -> None:
    missed = TokenChain((method,)).extract((), is_mcp=True)
    assert isinstance(missed, Missed)
    assert missed.reason is failure


def test_header_and_cookie_go_by_the_names_they_were_given() -> None:
    chain = TokenChain(CHAINS["standard"], cookie="sid", proxy_header="X-Edge", key_header="X-Key")
    assert _found(chain, ("x-edge", "v1 a")) is PROXY
    assert _found(chain, ("Cookie", "sid=a")) is BY_COOKIE
    assert _found(chain, COOKIE, WORD) is TokenFailure.NONE_FOUND
    assert chain.yields((("x-key", ""),))
    assert not chain.yields((("x-api-key", "k"),))
