"""Takes a token out of a request: an ordered list of methods, and eight ways to miss.

A method that finds something by which a token was meant ends the search, also when no token can be
taken out of it: what is wrong with a strong credential never lets a weaker one decide.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reference_server.core.settings import PROXY_AUTH_HEADER, SESSION_COOKIE
from reference_server.core.vocabulary import TokenFailure, TokenMethod
from reference_server.sessions.contracts import ABSENT, Found, Missed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reference_server.sessions.contracts import Headers

_BLANK = " \t"
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
"""RFC 6750 section 2.1."""
_PROXY = re.compile(r"v1 [\x21-\x7e]+")
_COOKIES = re.compile(r"[\x20-\x7e]*")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")


class TokenChain:
    """Tries methods in order. ``cookie`` and ``proxy_header`` are the names they look for.

    On the MCP endpoint a proxy's word goes before a bearer token. ``key_header`` is that of API
    keys, the strongest of all: a request that has one presents nothing else.
    """

    def __init__(
        self,
        methods: Sequence[TokenMethod],
        *,
        cookie: str = SESSION_COOKIE,
        proxy_header: str = PROXY_AUTH_HEADER,
        key_header: str = "x-api-key",
    ) -> None:
        self.methods = tuple(methods)
        self._on_mcp = tuple(sorted(methods, key=lambda one: one is not TokenMethod.PROXY))
        self._cookie = cookie
        self._proxy_header = proxy_header.lower()
        self._key_header = key_header.lower()
        self._extract: dict[TokenMethod, Callable[[Headers], str | TokenFailure]] = {
            TokenMethod.AUTHORIZATION: self._from_authorization,
            TokenMethod.PROXY: self._from_proxy,
            TokenMethod.COOKIE: self._from_cookie,
        }

    def yields(self, headers: Headers) -> bool:
        """Tell whether the request has an API key's header, before which no token counts."""
        return bool(_values(headers, self._key_header))

    def extract(self, headers: Headers, *, is_mcp: bool) -> Found | Missed:
        """Return what the first method finds that anything was presented by.

        Where nothing was, the reason is the method's own if there is but one.
        """
        tried: dict[TokenMethod, TokenFailure] = {}
        for method in self._on_mcp if is_mcp else self.methods:
            found = self._extract[method](headers)
            if not isinstance(found, TokenFailure):
                return Found(method, found)
            tried[method] = found
            if found not in ABSENT:
                return Missed(found, tried)
        only = next(iter(tried.values())) if len(tried) == 1 else TokenFailure.NONE_FOUND
        return Missed(only, tried)

    def _from_authorization(self, headers: Headers) -> str | TokenFailure:
        values = _values(headers, "authorization")
        if not values:
            return TokenFailure.MISSING_AUTHORIZATION
        # A repeated field is two claims, of which neither counts.
        bearer = _BEARER.fullmatch(values[0]) if len(values) == 1 else None
        return bearer[1] if bearer else TokenFailure.INVALID_AUTHORIZATION

    def _from_proxy(self, headers: Headers) -> str | TokenFailure:
        values = _values(headers, self._proxy_header)
        if not values:
            return TokenFailure.MISSING_PROXY
        is_word = len(values) == 1 and _PROXY.fullmatch(values[0])
        return values[0] if is_word else TokenFailure.INVALID_PROXY

    def _from_cookie(self, headers: Headers) -> str | TokenFailure:
        values = _values(headers, "cookie")
        if not values:
            return TokenFailure.MISSING_COOKIE
        if len(values) > 1 or not _COOKIES.fullmatch(values[0]):
            return TokenFailure.INVALID_COOKIE
        # Spaces around a pair are usual, and another cookie's value is its own affair.
        pairs = [pair.strip().partition("=") for pair in values[0].split(";") if pair.strip()]
        if not all(sign and _NAME.fullmatch(name) for name, sign, _ in pairs):
            return TokenFailure.INVALID_COOKIE
        ours = [value for name, _, value in pairs if name == self._cookie]
        if not ours:
            return TokenFailure.NOT_IN_COOKIE
        is_token = len(ours) == 1 and _TOKEN.fullmatch(ours[0])
        return ours[0] if is_token else TokenFailure.INVALID_COOKIE


def _values(headers: Headers, name: str) -> list[str]:
    return [value.strip(_BLANK) for key, value in headers if key.lower() == name]
