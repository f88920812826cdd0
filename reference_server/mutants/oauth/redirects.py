"""Defects of the match of redirect URIs, and of where a browser is sent with an error."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from reference_server.mutants.bending import mutant
from reference_server.mutants.oauth.authorizing import AUTHORIZE, Asked, at_the_door, clients_as
from reference_server.oauth.clients import Client
from reference_server.oauth.redirects import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.mutants.benign.edge import Reply

_SEE_OTHER = 303
_FORM = '<form method="post" action="/oauth/authorize">\n'
_SHOWN = re.compile(r"you go on to <code>(.*?)</code>")


def _of(matches: Callable[[str, str], bool]) -> type[Client]:
    """Return clients whose redirect URIs are matched by a function of it and a registered one."""

    class Matching(Client):
        def check_redirect_uri(self, redirect_uri: str) -> bool:
            if super().check_redirect_uri(redirect_uri):
                return True
            return any(matches(redirect_uri, one) for one in self.redirect_uris)

    return Matching


def _host(uri: str) -> str:
    try:
        return urlsplit(uri).hostname or ""
    except ValueError:
        return ""


def _site(uri: str) -> str:
    return ".".join(_host(uri).split(".")[-2:])


def _is_any_loopback(uri: str, known: str) -> bool:
    return _host(uri) in LOOPBACK and _host(known) in LOOPBACK


def _refused_and_sent(is_sent: Callable[[Asked, bytes], bool]) -> Callable[[Reply, Asked], Reply]:
    """Return what has some refusals be sent to where the request says."""

    def answered(reply: Reply, request: Asked) -> Reply:
        uri = request.get("redirect_uri")
        is_page = request.path == AUTHORIZE and reply.status == 400  # noqa: PLR2004 -- HTTP
        if not is_page or not uri or not is_sent(request, reply.body):
            return reply
        mark = "&" if "?" in uri else "?"
        told = {"error": "invalid_request", "iss": f"http://{reply.asked(b'host').decode()}"}
        place = f"{uri}{mark}{urlencode(told)}"
        sent = reply.with_field(b"location", place.encode())
        return replace(sent, status=_SEE_OTHER, body=b"")

    return answered


def _is_wrong_otherwise(request: Asked, body: bytes) -> bool:
    del body
    return request.get("response_type") != "code" or not request.get("code_challenge")


def _is_unknown(request: Asked, body: bytes) -> bool:
    del request
    return b"invalid_client" in body


def _asked_to(request: Asked) -> None:
    """Note where the form says that the answer goes."""
    if request.method == "POST" and (to := request.get("to")):
        request.pairs = [pair for pair in request.pairs if pair[0] != "to"]
        request.body = to.encode()


def _sent_to(reply: Reply, request: Asked) -> Reply:
    """Have the form hold where the answer goes, and the answer go there."""
    if request.path != AUTHORIZE:
        return reply
    if reply.status == _SEE_OTHER and request.method == "POST" and request.body:
        told = reply.field(b"location").partition(b"?")[2]
        return reply.with_field(b"location", request.body + b"?" + told)
    page = reply.body.decode("utf-8", "replace")
    if (found := _SHOWN.search(page)) is None:
        return reply
    hidden = f'<input type="hidden" name="to" value="{escape(found[1])}">\n'
    return replace(reply, body=page.replace(_FORM, _FORM + hidden).encode())


MUTANTS = (
    mutant(
        "redirects-matched-by-their-start",
        "OAUTH-06",
        "What begins with a registered redirect URI counts as it.",
        parts=clients_as(_of(lambda uri, known: uri.startswith(known))),
    ),
    mutant(
        "redirects-matched-by-host",
        "OAUTH-06",
        "Any path of a registered redirect URI's host will do.",
        parts=clients_as(_of(lambda uri, known: _host(uri) == _host(known))),
    ),
    mutant(
        "redirects-matched-by-site",
        "OAUTH-06",
        "Any host of a registered redirect URI's site will do.",
        parts=clients_as(_of(lambda uri, known: _site(uri) == _site(known) != "")),
    ),
    mutant(
        "redirects-matched-without-their-query",
        "OAUTH-06",
        "A query may be added to a registered redirect URI.",
        parts=clients_as(_of(lambda uri, known: uri.partition("?")[0] == known)),
    ),
    mutant(
        "redirects-matched-in-small-letters",
        "OAUTH-06",
        "Large and small letters of a redirect URI's path are the same.",
        parts=clients_as(_of(lambda uri, known: uri.lower() == known.lower())),
    ),
    mutant(
        "redirects-matched-by-pattern",
        "OAUTH-06",
        "An asterisk in a registered redirect URI stands for anything.",
        parts=clients_as(_of(fnmatchcase)),
    ),
    mutant(
        "redirects-to-any-loopback",
        "OAUTH-06",
        "A client on loopback may have its answer sent to any path there.",
        parts=clients_as(_of(_is_any_loopback)),
    ),
    mutant(
        "redirect-in-the-form",
        "OAUTH-06",
        "The form of the decision says where the answer goes.",
        parts=at_the_door(_asked_to, _sent_to),
    ),
    mutant(
        "errors-sent-before-the-redirect-is-matched",
        "OAUTH-20",
        "A request without a response type or challenge is answered where it says itself.",
        parts=at_the_door(answered=_refused_and_sent(_is_wrong_otherwise)),
    ),
    mutant(
        "errors-sent-for-unknown-clients",
        "OAUTH-20",
        "Who names a client that there is not is sent where the request says.",
        parts=at_the_door(answered=_refused_and_sent(_is_unknown)),
    ),
)
