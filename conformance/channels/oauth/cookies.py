"""The cookies of one browser (RFC 6265), and which of them it sends on behalf of another site."""

from __future__ import annotations

from email.message import Message
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit
from urllib.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.channels.http.answer import Answer

_SCHEMES = ("http", "https")
"""Those over which a secure cookie goes: plain HTTP too, since browsers do so on loopback."""
_NAMES = ("SameSite", "samesite", "Samesite", "sameSite", "SAMESITE")


class Cookies:
    """The cookies of one browser. What it holds goes to their own hosts alone, at any port."""

    def __init__(self) -> None:
        self._jar = CookieJar(DefaultCookiePolicy(secure_protocols=_SCHEMES))

    def put(self, url: str, name: str, value: str) -> None:
        """Have a cookie that the host of a URL has set, for all of it."""
        host = urlsplit(url).hostname or ""
        domain = host if "." in host else f"{host}.local"  # as the jar calls it
        self._jar.set_cookie(
            Cookie(
                *(0, name, value, None, False, domain, False, False, "/", True),
                *(False, None, False, None, None, dict[str, str]()),
            )
        )

    def take(self, url: str, answer: Answer) -> None:
        """Take what an answer sets."""
        told = Message()
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                told[name] = value
        self._jar.extract_cookies(cast("Any", _Response(told)), Request(url))  # noqa: S310 -- not sent

    def header(self, url: str) -> str | None:
        """Return what goes with a request to a URL; None where nothing does."""
        request = Request(url)  # noqa: S310 -- not sent
        self._jar.add_cookie_header(request)
        return request.get_header("Cookie")

    def copy(self) -> Cookies:
        """Return the same cookies for another browser."""
        return self._those(lambda _: True)

    def across_sites(self) -> Cookies:
        """Return those that go with a form which another site has sent (RFC 6265bis section 5.2).

        They are those without a ``SameSite`` of ``Lax`` or ``Strict``; how one came that was there
        from the start, nobody can tell, and so it goes.
        """
        return self._those(lambda cookie: _same_site(cookie) in {"", "none"})

    def _those(self, are_wanted: Callable[[Cookie], bool]) -> Cookies:
        found = Cookies()
        for cookie in self._jar:
            if are_wanted(cookie):
                found._jar.set_cookie(cookie)
        return found


class _Response:
    """What the jar reads of an answer."""

    def __init__(self, told: Message) -> None:
        self._told = told

    def info(self) -> Message:
        """Return its headers."""
        return self._told


def _same_site(cookie: Cookie) -> str:
    for name in _NAMES:
        if cookie.has_nonstandard_attr(name):
            return (cookie.get_nonstandard_attr(name) or "").lower()
    return ""
