"""A browser that logs in to the target by way of the judge's issuer, one step after another."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from conformance.channels.http.issued import timely
from conformance.channels.http.issuing import AS_IT_IS
from conformance.forge.filling import with_filled_in
from conformance.forge.guise import own_word
from conformance.forge.requests import Request
from conformance.profile.fields import found_at
from conformance.profile.target import supplied
from conformance.text.learned import learn
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.issuing import JudgesIssuer
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.text.redaction import Redactor
    from conformance.world.issuer.minting import Recipe

_MOST_REDIRECTS = 5


@dataclass(frozen=True)
class Who:
    """Who is signed in."""

    subject: str
    tenant: str


@dataclass(frozen=True)
class Browser:
    """What a browser has kept of the target: its cookies by their names."""

    cookies: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def after(self, answer: Answer) -> Browser:
        """Return the browser that has got an answer; an empty cookie is one taken away."""
        kept = {**self.cookies}
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                kept[key.strip()] = rest.partition(";")[0].strip()
        return Browser({name: value for name, value in kept.items() if value})

    def asks(self, path: str) -> Request:
        """Return its request for a path."""
        fields = [("Accept", "text/html,application/json;q=0.9,*/*;q=0.8")]
        if self.cookies:
            joined = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            fields.append(("Cookie", joined))
        return Request("GET", path, tuple(fields))


@dataclass(frozen=True)
class Begun:
    """A login under way: where the browser was sent, and what it has kept."""

    url: str
    browser: Browser
    answer: Answer


@dataclass(frozen=True)
class Back:
    """A browser that has come back from the issuer: the first answer, and who is signed in."""

    answer: Answer
    browser: Browser
    who: Who | None


class Logins:
    """Begins logins, has somebody log in at the issuer, and comes back to the target."""

    def __init__(
        self, wire: Wire, issuer: JudgesIssuer, redactor: Redactor, passage: Passage
    ) -> None:
        self.wire, self.issuer, self._redactor, self._passage = wire, issuer, redactor, passage
        self.routes = supplied(supplied(wire.target.world.issuer).login)

    def begin(self) -> Begun:
        """Begin a login. NotEstablishedError unless that leads to the issuer."""
        answer = self.wire.send(Browser().asks(self.routes.start), is_guarded=False)
        url = answer.header("location") or ""
        establish(
            url.startswith(f"{self.issuer.channel.url}/authorize?"),
            f"{self.routes.start} sends a browser to the issuer (got {answer})",
        )
        return Begun(url, Browser().after(answer), answer)

    def sent_back(
        self,
        begun: Begun,
        user: str | None = None,
        claims: Mapping[str, Any] | None = None,
        token: Recipe = AS_IT_IS,
        answer: Mapping[str, Any] | None = None,
    ) -> str:
        """Have somebody log in at the issuer; return the URL to which that sends the browser."""
        made = replace(token, claims={**timely(self._passage.now()), **token.claims})
        url = self.issuer.log_in(begun.url, user or self.routes.a, claims, made, answer)
        target, place = urlsplit(self.wire.target.url), urlsplit(url)
        establish(
            place.netloc == target.netloc,
            f"the issuer sends browsers back to the target ({place.netloc})",
        )
        return url

    def come_back(self, url: str, browser: Browser) -> Back:
        """Have a browser follow a URL back to the target, and see who is signed in then."""
        parts = urlsplit(url)
        first = answer = self.wire.send(browser.asks(f"{parts.path}?{parts.query}"))
        browser = browser.after(answer)
        for _ in range(_MOST_REDIRECTS):
            path = self._own_path(answer)
            if path is None:
                break
            answer = self._asked(browser, path)
            browser = browser.after(answer)
        for value in browser.cookies.values():
            learn(self._redactor, value, "a cookie")
        return Back(first, browser, self.who(browser))

    def _asked(self, browser: Browser, path: str) -> Answer:
        """Send a request of a browser in which somebody may be signed in, at his tenant's cost."""
        if self.wire.target.tenants is not None:
            self.wire.pace(self.wire.target.tenants.a.key)
        return self.wire.send(browser.asks(path))

    def _own_path(self, answer: Answer) -> str | None:
        """Return where on the target a redirect leads; None for any other answer."""
        place = answer.header("location")
        is_one = HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST
        if not is_one or place is None:
            return None
        parts, own = urlsplit(place), urlsplit(self.wire.target.url)
        if parts.netloc and parts.netloc != own.netloc:
            return None
        return f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"

    def who(self, browser: Browser) -> Who | None:
        """Return who is signed in; None for nobody."""
        if not browser.cookies:
            return None
        answer = self._asked(browser, self.routes.session)
        if answer.status != HTTPStatus.OK:
            return None
        subject, tenant = (
            found_at(answer.entries, name) for name in (self.routes.subject, self.routes.tenant)
        )
        return None if subject is None else Who(str(subject), str(tenant))

    def log_in(
        self,
        user: str | None = None,
        claims: Mapping[str, Any] | None = None,
        token: Recipe = AS_IT_IS,
        answer: Mapping[str, Any] | None = None,
    ) -> Back:
        """Log in from beginning to end, in a browser of its own."""
        begun = self.begin()
        return self.come_back(self.sent_back(begun, user, claims, token, answer), begun.browser)

    def establish(self, recipe: Recipe = AS_IT_IS) -> Who:
        """Show that a login works; return who is signed in then."""
        back = self.log_in(token=recipe)
        establish(back.who is not None, f"a user of the issuer can log in (got {back.answer})")
        return back.who or Who("", "")

    @staticmethod
    def somebody(claims: Mapping[str, Any]) -> dict[str, Any]:
        """Return the claims of somebody whom nobody knows yet."""
        return with_filled_in(dict(claims), {"unique": own_word().lower()})
