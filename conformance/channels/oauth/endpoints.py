"""Asks the endpoints that metadata advertise, with nothing that anybody could have a right to."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.channels.http.missing import is_missing
from conformance.channels.oauth.places import origin, split
from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.channels.http.answer import Answer
    from conformance.channels.oauth.elsewhere import Elsewhere
    from conformance.channels.oauth.metadata import Server

_REFUSES_METHOD = frozenset({HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
KEYS = "jwks_uri"
"""The entry that leads to a set of keys."""
_ODD = secrets.token_hex(6)
_NOBODY = "https://nobody.invalid/callback"


@dataclass(frozen=True)
class Probe:
    """An endpoint that is advertised, and what it answered.

    ``beside`` is the answer of a URL beside it to the same request, where nothing can be.
    """

    name: str
    url: str
    answer: Answer
    beside: Answer | None = None

    @property
    def is_absent(self) -> bool:
        """Whether it is answered as if nothing were there, or nothing of its method.

        NotEstablishedError where an edge refuses the judge all that it asks for.
        """
        if self.beside is None or self.answer.status in _REFUSES_METHOD:
            return self.answer.status in _REFUSES_METHOD
        is_alike = (self.answer.status, self.answer.text) == (
            self.beside.status,
            self.beside.text.replace(_beside(self.url), self.url),
        )
        if is_alike and self.answer.status == HTTPStatus.FORBIDDEN:
            raise NotEstablishedError(f"all of {self.url} is forbidden to the judge: {self.answer}")
        return is_alike

    @property
    def gave(self) -> str | None:
        """What was given to somebody who showed nothing; None for nothing."""
        if self.answer.status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            return None
        given = {
            "token_endpoint": "access_token",
            "registration_endpoint": "client_id",
            "introspection_endpoint": "active",
        }
        name = given.get(self.name)
        return name if name in self.answer.entries else None

    @property
    def lacks_keys(self) -> bool:
        """Whether it is to lead to a set of keys, and does not (RFC 7517 section 5)."""
        if self.name != KEYS or self.answer.header("location") is not None:
            return False
        keys = self.answer.entries.get("keys")
        return self.answer.status != HTTPStatus.OK or not isinstance(keys, list)


def probes(line: Elsewhere, server: Server, own: str) -> Iterator[Probe]:
    """Ask each endpoint that is at the origin of the server or of the target, whose URL is ``own``.

    What is at a third one is asked nothing: it has not said that it wants to be. Raises
    NotEstablishedError where an answer was kept back.
    """
    entries = server.require().entries
    for name, ask in _ASKED.items():
        url = entries.get(name)
        if split(url) is None or origin(str(url)) not in {origin(server.issuer), origin(own)}:
            continue
        answer = _there(name, ask(line, str(url)))
        beside = None
        if answer.status >= HTTPStatus.BAD_REQUEST:
            beside = _there(name, ask(line, _beside(str(url))))
        yield Probe(name, str(url), answer, beside)


def _there(name: str, answer: Answer) -> Answer:
    if is_missing(answer):
        raise NotEstablishedError(f"{name} was answered {answer}")
    return answer


def _beside(url: str) -> str:
    """Return a URL at which nothing is, as nobody would have chosen it; the same each time."""
    base, mark, query = url.partition("?")
    return f"{base.rstrip('/')}-{_ODD}{mark}{query}"


def _get(line: Elsewhere, url: str) -> Answer:
    return line.get(url)


def _form_of(**fields: str) -> Mapping[str, str]:
    """Return a form of fields whose values nobody was ever given, beside those that are told."""
    return {name: value or secrets.token_urlsafe(24) for name, value in fields.items()}


def _ask_token(line: Elsewhere, url: str) -> Answer:
    form = _form_of(
        grant_type="authorization_code",
        code="",
        client_id="",
        code_verifier="",
        redirect_uri=_NOBODY,
    )
    return line.post_form(url, form)


def _ask_of_token(line: Elsewhere, url: str) -> Answer:
    return line.post_form(url, _form_of(token=""))


def _ask_registration(line: Elsewhere, url: str) -> Answer:
    """Send half an object, by which nothing can be registered, whatever is."""
    return line.send(
        "POST",
        url,
        (("Content-Type", "application/json"), ("Accept", "application/json")),
        b'{"redirect_uris": [',
    )


def _ask_pushed(line: Elsewhere, url: str) -> Answer:
    return line.post_form(url, _form_of(client_id="", response_type="code", redirect_uri=_NOBODY))


_ASKED = {
    "authorization_endpoint": _get,
    "token_endpoint": _ask_token,
    "registration_endpoint": _ask_registration,
    "revocation_endpoint": _ask_of_token,
    "introspection_endpoint": _ask_of_token,
    "pushed_authorization_request_endpoint": _ask_pushed,
    KEYS: _get,
}
"""How each is asked, by its name in the metadata."""
