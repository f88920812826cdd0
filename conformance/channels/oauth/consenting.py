"""Goes with a browser through the pages of an authorization server, as the user who decides.

Somebody signs in by the forms that the profile names, and decides by the buttons of the form that
comes then; or by that of signing in, where no other page follows it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from conformance.channels.oauth.browser import Browser, Left
from conformance.channels.oauth.pages import Page
from conformance.profile.authorization import Consent
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.channels.oauth.browser import Pairs
    from conformance.channels.oauth.pages import Button, Form
    from conformance.profile.authorization import BrowserUser

_DENIES = re.compile(
    r"\b(den(y|ied)|cancel|reject|declin|refus|disallow|abort|no\b|don.?t|block|ablehn|abbrech)",
    re.IGNORECASE,
)
_MOST_PAGES = 6
_NO_FORM = (
    "the page that an authorization request leads to has no form by which somebody decides without "
    "script"
)


@dataclass(frozen=True)
class Decision:
    """A form by which somebody decides, and what is sent with it."""

    form: Form
    pairs: Pairs


@dataclass
class Walk:
    """The way of one browser through an authorization request.

    ``pages`` are those that were seen, and ``end`` is where it stands: at a page, or where it was
    sent that it does not go.
    """

    browser: Browser
    user: BrowserUser | None
    consent: Consent
    end: Page | Left
    pages: list[Page] = field(default_factory=list[Page])
    _filled: list[Mapping[str, str]] = field(default_factory=list["Mapping[str, str]"])

    def __post_init__(self) -> None:
        """Note the first page."""
        self._note()

    @classmethod
    def of_nobody(cls, browser: Browser, end: Page | Left) -> Walk:
        """Return the way of a browser in which nobody fills in or presses anything."""
        return cls(browser, None, Consent(), end)

    def sign_in(self) -> None:
        """Fill in the forms of signing in for as long as there is one, each once."""
        for _ in range(_MOST_PAGES):
            if isinstance(self.end, Left) or (found := self._form_to_fill(self.end)) is None:
                return
            form, values = found
            self._filled.append(values)
            pairs = (*form.filled(*values.items()), *_pressed(form.buttons[:1]))
            self._go(lambda browser, form=form, pairs=pairs: browser.send(form, pairs))

    def decide(self, *, approves: bool = True) -> None:
        """Decide, on each page that asks. Raises NotAssessedError for one without a form."""
        for _ in range(_MOST_PAGES):
            self.sign_in()
            if isinstance(self.end, Left):
                return
            decision = self.decision(approves=approves)
            self._go(lambda browser, one=decision: browser.send(one.form, one.pairs))

    def decision(self, *, approves: bool = True) -> Decision:
        """Return how somebody decides at the page where this stands.

        Raises NotAssessedError for a page without a form, and for one by which nobody can deny.
        """
        page = self.page
        declared = self.consent.approve if approves else self.consent.deny
        forms = [form for form in page.forms if form.buttons or form.method == "POST"]
        if not forms:
            raise NotAssessedError(f"{_NO_FORM} ({self})")
        if declared:
            form = next((one for one in forms if declared.keys() & one.names), forms[0])
            return Decision(form, form.filled(*declared.items()))
        found = _button(forms, denies=not approves)
        if found is None:
            raise NotAssessedError(
                "no button of the page denies, as far as can be told: supply the profile's "
                f"[authorization.consent] {'approve' if approves else 'deny'}"
            )
        form, button = found
        return Decision(form, (*form.fields, *_pressed((button,))))

    @property
    def can_decide(self) -> bool:
        """Whether it stands at a page with a form by which somebody decides."""
        if isinstance(self.end, Left):
            return False
        return any(form.buttons or form.method == "POST" for form in self.end.forms)

    @property
    def is_refused(self) -> bool:
        """Whether it stands at a page that tells of an error."""
        return isinstance(self.end, Page) and self.end.answer.status >= HTTPStatus.BAD_REQUEST

    @property
    def led_to(self) -> str | None:
        """Where it was sent that the browser does not go, be it by the page itself."""
        return self.end.url if isinstance(self.end, Left) else self.end.leads_to

    @property
    def page(self) -> Page:
        """The page where this stands. NotEstablishedError where it stands at none."""
        establish(isinstance(self.end, Page), f"an authorization request shows a page ({self})")
        return self.end if isinstance(self.end, Page) else self.pages[-1]

    @property
    def decided_at(self) -> Page:
        """The last page before it was sent away: what the user saw who decided."""
        establish(self.pages, "an authorization request shows a page before it is answered")
        return self.pages[-1]

    def response(self, redirect: str) -> dict[str, str]:
        """Return what a client is told at its redirect URI; empty where it was told nothing."""
        if not isinstance(self.end, Left) or not is_at(self.end.url, redirect):
            return {}
        return parameters(self.end.url)

    def _form_to_fill(self, page: Page) -> tuple[Form, Mapping[str, str]] | None:
        """Return a form of a page that is one of signing in, unless it was filled in already."""
        known = self.user.forms if self.user is not None else ()
        for form in page.forms:
            for values in known:
                if values.keys() <= form.names and values not in self._filled:
                    return form, values
        return None

    def _go(self, step: Callable[[Browser], Page | Left]) -> None:
        self.end = step(self.browser)
        self._note()

    def _note(self) -> None:
        if isinstance(self.end, Page):
            self.pages.append(self.end)

    def __str__(self) -> str:
        """Tell where it stands, in a few words."""
        where = self.end.url.partition("?")[0]
        return f"{self.end.answer.status} at {where}"


def is_at(url: str, redirect: str) -> bool:
    """Tell whether a URL is a redirect URI, with parameters added."""
    return _bare(url) == _bare(redirect)


def _bare(url: str) -> str:
    return url.partition("?")[0].partition("#")[0]


def parameters(url: str) -> dict[str, str]:
    """Return the parameters of a URL, of its query and its fragment; the last one of a name."""
    try:
        parts = urlsplit(url)
        return dict(parse_qsl(f"{parts.query}&{parts.fragment}", max_num_fields=200))
    except ValueError:
        return {}


def _pressed(buttons: tuple[Button, ...]) -> Pairs:
    return tuple((one.name, one.value) for one in buttons if one.name)


def _button(forms: list[Form], *, denies: bool) -> tuple[Form, Button] | None:
    """Return the first button that denies, or else the first that does not."""
    for form in forms:
        for button in form.buttons:
            said = f"{button.words} {button.value} {button.name if not button.words else ''}"
            if (_DENIES.search(said) is not None) == denies:
                return form, button
    return None
