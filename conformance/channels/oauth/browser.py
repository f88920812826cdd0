"""A browser without script: it keeps cookies, follows redirects by hand, and sends forms.

It goes to no origin but those that it is given: where it is sent elsewhere, such as to a client's
redirect URI, it stops and tells where that was.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin

from conformance.channels.http.authorization import is_redirect
from conformance.channels.oauth.cookies import Cookies
from conformance.channels.oauth.pages import Form, Page, page_of
from conformance.channels.oauth.places import origin
from conformance.forge.requests import Request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.gate import Gate
    from conformance.channels.http.wire import Wire

_MOST_STEPS = 12
"""Redirects in a row that are followed."""
_KEEPS_ITS_METHOD = frozenset({HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT})
_ACCEPT = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
_FORM = ("Content-Type", "application/x-www-form-urlencoded")
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Left:
    """Where a browser was sent that it does not go, and the answer that sent it there."""

    url: str
    answer: Answer


class Origins:
    """The origins to which a browser goes, each with the line that leads there."""

    def __init__(self, wire: Wire, urls: Iterable[str] = ()) -> None:
        self._lines = {origin(url): wire.at(url) for url in urls}
        self._own = origin(wire.target.url)
        self._lines[self._own] = wire
        self._lines.pop(None, None)

    def line(self, url: str) -> Wire | None:
        """Return the line to the origin of a URL; None where it is not one of these."""
        return self._lines.get(origin(url))

    def charge(self, url: str, payer: str) -> None:
        """Charge a request to a key's tenant, where it goes to the target."""
        if origin(url) == self._own:
            self._lines[self._own].pace(payer)

    def asked(
        self,
        url: str,
        request: Request,
        gate: Gate | None = None,
        seconds: float | None = None,
    ) -> Answer:
        """Send a request to a URL. Raises LookupError where its origin is not one of these."""
        line = self.line(url)
        if line is None:
            raise LookupError(f"{url} is at no origin that the judge goes to")
        if gate is not None or seconds is not None:
            line = line.derived(gate=gate, seconds=seconds)
        request = request.but(path=path_of(url))
        answer = line.send(request, is_guarded=False)
        if seconds is None and not answer.is_whole and origin(url) != self._own:
            line.transcript.miss(request, answer)  # as the target's own line does by itself
        return answer


def path_of(url: str) -> str:
    """Return what of a URL is asked for at its origin, as it is written."""
    rest = url.partition("://")[2].partition("#")[0]
    start = min((rest.index(mark) for mark in "/?" if mark in rest), default=len(rest))
    path = rest[start:]
    return path if path.startswith("/") else f"/{path}"


class Browser:
    """One browser. ``cookies`` are those that it has from the start.

    ``payer`` is a key of the tenant whose user is signed in: what the browser asks of the target
    counts for that tenant's limit.
    """

    def __init__(
        self, origins: Origins, cookies: Cookies | None = None, payer: str | None = None
    ) -> None:
        self.origins = origins
        self.cookies = cookies or Cookies()
        self.payer = payer

    def open(self, url: str) -> Page | Left:
        """Go to a URL, and on to where that leads by redirects."""
        return self._went(url, Request("GET"))

    def post(self, url: str, pairs: Pairs, headers: Pairs = ()) -> Page | Left:
        """Send a form's values to a URL, and go on to where that leads."""
        body = urlencode(pairs).encode()
        return self._went(url, Request("POST", headers=(_FORM, *headers), body=body))

    def send(self, form: Form, pairs: Pairs, headers: Pairs = ()) -> Page | Left:
        """Send a form with these values, and go on to where that leads."""
        if form.method == "POST":
            return self.post(form.url, pairs, headers)
        return self.follow(form.url, pairs, headers)

    def follow(self, url: str, pairs: Pairs, headers: Pairs = ()) -> Page | Left:
        """Go to a URL with a form's values for its query, and on to where that leads."""
        base = url.partition("?")[0]
        return self._went(f"{base}?{urlencode(pairs)}", Request("GET", headers=headers))

    def waited_for(self, url: str, seconds: float) -> Answer:
        """Ask for a URL, wait for so long, and go nowhere: how long it takes is what is wanted."""
        return self._asked(url, Request("GET"), seconds)

    def on_behalf_of_a_site(self) -> Browser:
        """Return the same browser as it is when another site has it send a form."""
        return Browser(self.origins, self.cookies.across_sites(), self.payer)

    def _went(self, url: str, request: Request) -> Page | Left:
        answer = self._asked(url, request)
        for _ in range(_MOST_STEPS):
            if not is_redirect(answer):
                break
            place = urljoin(url, answer.header("location") or "")
            if self.origins.line(place) is None:
                return Left(place, answer)
            if answer.status not in _KEEPS_ITS_METHOD:
                request = Request("GET")
            elif origin(place) != origin(url):
                return Left(place, answer)  # what was typed in goes to no other origin
            url = place
            answer = self._asked(url, request)
        return page_of(url, answer)

    def _asked(self, url: str, request: Request, seconds: float | None = None) -> Answer:
        request = request.with_header(*_ACCEPT)
        if (held := self.cookies.header(url)) is not None:
            request = request.with_header("Cookie", held)
        if self.payer is not None:
            self.origins.charge(url, self.payer)
        answer = self.origins.asked(url, request, seconds=seconds)
        self.cookies.take(url, answer)
        return answer
