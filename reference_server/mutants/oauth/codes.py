"""Defects of codes: good twice, for long or for others, and without their proof."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from reference_server.core.settings import Limits
from reference_server.core.text import base64url
from reference_server.mutants.bending import Beside, engine_of, mutant
from reference_server.mutants.oauth.authorizing import (
    AUTHORIZE,
    TOKEN,
    Any_,
    Asked,
    at_the_door,
    authorized,
    function,
    granting,
    supplied,
)
from reference_server.oauth.grants import SqlGrants

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.oauth.contracts import Grant
    from reference_server.parts import Parts

_OURS = "a-verifier-of-the-servers-own-that-nobody-has-sent"
_CHALLENGE = 43
_LOOKED_UP = """    PERFORM FROM oauth_grants
      WHERE code_digest = known_digest AND code_used_at IS NULL;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM pg_sleep(0.05);
    UPDATE oauth_grants SET code_used_at = moment"""
_UNUSED = (" AND code_used_at IS NULL AND revoked_at IS NULL", " AND revoked_at IS NULL")


def _s256(verifier: str) -> str:
    return base64url(hashlib.sha256(verifier.encode()).digest())


class _Forgiving(Beside):
    """Does not look whether a code was exchanged before."""

    def find_code(self, code: str) -> Grant | None:
        found = self.real.find_code(code)
        return None if found is None else replace(found, is_used=False)


class _Careless(Beside):
    """Takes a code that was exchanged before for one that never was."""

    def find_code(self, code: str) -> Grant | None:
        found = self.real.find_code(code)
        return None if found is None or found.is_used else found


class _OfAnybody(Beside):
    """Does not look to which client a code was given."""

    def find_code(self, code: str) -> Grant | None:
        found = self.real.find_code(code)
        return found and replace(found, wish=replace(found.wish, client_id=Any_("any")))


class _ForAnywhere(Beside):
    """Does not look where the answer went that held a code."""

    def find_code(self, code: str) -> Grant | None:
        found = self.real.find_code(code)
        return found and replace(found, wish=replace(found.wish, redirect_uri=Any_("any")))


class _Lasting(SqlGrants):
    """Gives codes for an hour."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(engine_of(parts), parts.clock, Limits())
        self._code_life = timedelta(hours=1)


def _of_ours(request: Asked) -> None:
    """Have a request have a challenge of our own, and an exchange the verifier to it."""
    if request.path == AUTHORIZE and request.get("client_id") and not request.get("code_challenge"):
        request.put("code_challenge", _s256(_OURS))
        request.put("code_challenge_method", "S256")
    elif request.path == TOKEN and not request.get("code_verifier") and request.get("code"):
        request.put("code_verifier", _OURS)


def _of_plain(request: Asked) -> None:
    """Have a plain challenge be hashed, so that the verifier is compared with it."""
    challenge = request.get("code_challenge")
    is_plain = request.get("code_challenge_method") in {None, "plain"}
    if request.path == AUTHORIZE and challenge and is_plain:
        request.put("code_challenge", _s256(challenge))
        request.put("code_challenge_method", "S256")


def _unread(request: Asked) -> None:
    """Have every challenge, and every verifier, be our own."""
    if request.path == AUTHORIZE and request.get("code_challenge"):
        request.put("code_challenge", _s256(_OURS))
    elif request.path == TOKEN and request.get("code"):
        request.put("code_verifier", _OURS)


def _by_challenge() -> Callable[[Asked], None]:
    """Return what has a challenge be as good as its verifier."""
    seen: set[str] = set()

    def asked(request: Asked) -> None:
        challenge, verifier = request.get("code_challenge"), request.get("code_verifier")
        if request.path == AUTHORIZE and challenge and len(challenge) == _CHALLENGE:
            seen.add(challenge)
            request.put("code_challenge", _s256(challenge))
        elif request.path == TOKEN and verifier and verifier not in seen:
            request.put("code_verifier", _s256(verifier))

    return asked


def _resource_unread(parts: Parts) -> Parts:
    """Have a request for any resource be one for ours."""
    ours = supplied(parts.oauth.authorization).resource

    def asked(request: Asked) -> None:
        if request.path in {AUTHORIZE, TOKEN} and request.get("resource"):
            request.put("resource", ours)

    return at_the_door(asked)(parts)


MUTANTS = (
    mutant(
        "code-challenge-optional",
        "OAUTH-03",
        "Who asks for a code without a challenge is given one, and a token for it.",
        parts=at_the_door(_of_ours),
    ),
    mutant(
        "code-challenge-plain",
        "OAUTH-03",
        "A challenge may be the verifier itself, and is where no method is named.",
        parts=at_the_door(_of_plain),
    ),
    mutant(
        "code-verifier-unread",
        "OAUTH-03",
        "A code is exchanged whatever the verifier is.",
        parts=at_the_door(_unread),
    ),
    mutant(
        "code-challenge-for-a-verifier",
        "OAUTH-03",
        "The challenge, which is in every log, is as good as its verifier.",
        parts=at_the_door(_by_challenge()),
    ),
    mutant(
        "code-good-twice",
        "OAUTH-04 OAUTH-19",
        "A code is exchanged as often as it comes.",
        parts=granting(_Forgiving),
        sql=function("take_oauth_code", _UNUSED),
    ),
    mutant(
        "code-reused-ends-nothing",
        "OAUTH-04",
        "A code that comes again is refused, and what it gave goes on.",
        parts=granting(_Careless),
    ),
    mutant(
        "code-lives-an-hour",
        "OAUTH-04",
        "A code is good for an hour.",
        parts=authorized(grants=lambda _, parts: _Lasting(parts)),
    ),
    mutant(
        "code-of-any-client",
        "OAUTH-04",
        "Any client may exchange a code.",
        parts=granting(_OfAnybody),
    ),
    mutant(
        "code-for-any-redirect",
        "OAUTH-04",
        "A code is exchanged for whatever redirect URI is named.",
        parts=granting(_ForAnywhere),
    ),
    mutant(
        "code-for-any-resource",
        "OAUTH-04",
        "Whatever resource a code is asked for, its token is for this one.",
        parts=_resource_unread,
    ),
    mutant(
        "codes-looked-up-then-taken",
        "OAUTH-19",
        "Exchanges at once all find a code unused, before the first marks it.",
        sql=function(
            "take_oauth_code",
            (
                "    UPDATE oauth_grants SET code_used_at = moment",
                _LOOKED_UP,
            ),
            _UNUSED,
        ),
    ),
)
