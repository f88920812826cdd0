"""Defects of the page that asks for consent: what it does not say, and whom it does not ask."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reference_server.core.principal import NO_TENANT
from reference_server.mutants.bending import Beside, mutant, with_stage
from reference_server.mutants.oauth.authorizing import (
    AUTHORIZE,
    Asked,
    acting,
    at_the_door,
    authorized,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.core.principal import Principal
    from reference_server.mutants.bending import Stage
    from reference_server.mutants.benign.edge import Reply
    from reference_server.mutants.oauth.authorizing import Ask
    from reference_server.parts import Parts

_OK = 200
_WARNING = '<p class="warning">(?:(?!</p>).)*{}.*?</p>'
"""A paragraph that warns, and has some words."""
_SEAL = re.compile(rb'name="request" value="([^"]+)"')


def _page(change: Callable[[str], str]) -> Callable[[Parts], Parts]:
    """Return a change of parts in which the page that asks has another text."""

    def answered(reply: Reply, request: Asked) -> Reply:
        if request.path != AUTHORIZE or reply.status != _OK:
            return reply
        return replace(reply, body=change(reply.body.decode()).encode())

    return at_the_door(answered=answered)


def _without(pattern: str, instead: str = "") -> Callable[[str], str]:
    """Return a change of the page that asks; every other stays as it is."""
    compiled = re.compile(pattern, re.DOTALL)

    def change(page: str) -> str:
        if not _SEAL.search(page.encode()):
            return page
        return compiled.sub(instead, page)

    return change


def framed_by_header(reply: Reply, request: Asked) -> Reply:
    """Have the page that asks forbid frames by a header of its own alone."""
    framed = _framed(reply, request)
    return framed.with_field(b"x-frame-options", b"DENY") if request.path == AUTHORIZE else reply


def _framed(reply: Reply, request: Asked) -> Reply:
    if request.path != AUTHORIZE:
        return reply
    policy = reply.field(b"content-security-policy").replace(b"frame-ancestors 'none'; ", b"")
    return reply.without(b"x-frame-options").with_field(b"content-security-policy", policy)


def deciding(is_decided: Callable[[Asked], bool]) -> Callable[[Parts], Parts]:
    """Return a change of parts that approves by itself whatever a function takes for approved."""

    async def act(request: Asked, ask: Ask) -> Reply:
        reply = await ask(request)
        seal, is_known = _SEAL.search(reply.body), is_decided(request)
        if seal is None or not is_known:
            return reply
        pairs = [("request", html.unescape(seal[1].decode())), ("decision", "allow")]
        return await ask(Asked(request.scope, "POST", pairs, b""))

    return acting(act, {AUTHORIZE})


def _once() -> Callable[[Asked], bool]:
    """Return what takes everything for approved by a browser that has approved anything."""
    known: set[bytes] = set()

    def is_decided(request: Asked) -> bool:
        if request.method == "POST" and request.get("decision") == "allow":
            known.add(names(request))
        return names(request) in known

    return is_decided


def names(request: Asked) -> bytes:
    """Return the cookie by which a browser is known."""
    headers = request.scope["headers"]
    return next((value for name, value in headers if name.lower() == b"cookie"), b"")


class _OfAnySession(Beside):
    """Seals what a page has shown, and not to whom."""

    def seal(self, principal: Principal, asked: Mapping[str, str]) -> str:
        return self.real.seal(_nobody(principal), asked)

    def open(self, principal: Principal, sealed: str) -> Any:
        return self.real.open(_nobody(principal), sealed)


def _nobody(principal: Principal) -> Principal:
    return replace(principal, tenant_id=NO_TENANT, token_id=None)


class _LastShown(Beside):
    """Takes a decision without a seal for one about what its user was shown last."""

    def __init__(self, real: Any) -> None:
        super().__init__(real)
        self._shown: dict[Any, str] = {}

    def seal(self, principal: Principal, asked: Mapping[str, str]) -> str:
        sealed = self._shown[principal.token_id] = self.real.seal(principal, asked)
        return sealed

    def open(self, principal: Principal, sealed: str) -> Any:
        found = self.real.open(principal, sealed)
        return found or self.real.open(principal, self._shown.get(principal.token_id, ""))


def _sealing(kind: type[Beside], *, from_anywhere: bool = False) -> Callable[[Parts], Parts]:
    """Return a change of parts in which decisions are sealed otherwise, and from whatever site."""
    bent = authorized(consents=lambda real, _: kind(real.consents))
    if not from_anywhere:
        return bent

    def around(stage: Stage) -> Stage:
        def stepped(context: RequestContext, parts: Parts) -> Response | None:
            return None if context.path == AUTHORIZE else stage(context, parts)

        return stepped

    return lambda parts: with_stage("refuse_cross_site", around)(bent(parts))


MUTANTS = (
    mutant(
        "consent-taken-for-granted",
        "OAUTH-12",
        "A user who is signed in is asked nothing, whichever client it is.",
        parts=deciding(lambda _: True),
    ),
    mutant(
        "consent-for-every-client",
        "OAUTH-12",
        "Who has approved one client is not asked about another.",
        parts=deciding(_once()),
    ),
    mutant(
        "consent-page-nameless",
        "OAUTH-12",
        "The page says that an application asks, and not which.",
        parts=_page(_without("<h1>.*?</h1>", "<h1>Let an application act for you?</h1>")),
    ),
    mutant(
        "client-name-is-markup",
        "OAUTH-12",
        "The name that a client gives itself stands on the page as it came.",
        parts=_page(lambda page: page.replace("&lt;", "<").replace("&gt;", ">")),
    ),
    mutant(
        "consent-page-framed",
        "OAUTH-12",
        "Any site may show the page in a frame.",
        parts=at_the_door(answered=_framed),
    ),
    mutant(
        "decision-of-any-session",
        "OAUTH-12",
        "What one user was shown may be decided by another.",
        parts=_sealing(_OfAnySession),
    ),
    mutant(
        "decision-of-any-site-and-session",
        "OAUTH-12",
        "Another site may have a user decide about what its owner was shown.",
        parts=_sealing(_OfAnySession, from_anywhere=True),
    ),
    mutant(
        "decision-without-a-seal",
        "OAUTH-12",
        "A decision without a secret of the page counts for what was shown last.",
        parts=_sealing(_LastShown, from_anywhere=True),
    ),
    mutant(
        "redirect-host-not-shown",
        "OAUTH-14",
        "The page does not say where the answer goes.",
        parts=_page(
            lambda page: _without("you go on to <code>.*?</code>", "you go on")(
                _without("<dd><strong><bdi>.*?</dd>")(page)
            )
        ),
    ),
    mutant(
        "loopback-client-not-warned-of",
        "OAUTH-14",
        "Of a client on loopback the page says no more than of any other.",
        parts=_page(_without(_WARNING.format("own computer"))),
    ),
    mutant(
        "unverified-name-not-said-so",
        "OAUTH-14",
        "The page does not say that nobody has verified the client's name.",
        parts=_page(_without(_WARNING.format("verified"))),
    ),
)
