"""Defects of refresh tokens: old ones that stay good, and families that outlive a theft."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from reference_server.mutants.bending import Beside, mutant
from reference_server.mutants.oauth.authorizing import (
    TOKEN,
    Any_,
    Asked,
    at_the_door,
    function,
    granting,
)

if TYPE_CHECKING:
    from reference_server.mutants.benign.edge import Reply
    from reference_server.oauth.contracts import Grant

_ROTATE = "rotate_oauth_refresh_token"
_ENDS = "        PERFORM end_oauth_grant(family, moment);\n"
_ELSE = "    ELSE\n"
_GOES_ON = "    ELSIF true THEN\n        NULL;\n    ELSE\n"
_LATE = "    ELSIF moment < token.used_at + interval '2 seconds' THEN\n        RETURN;\n    ELSE\n"
"""Who comes a moment too late is refused, and nothing more: then a race ends no family."""
_GRACE = """ AND moment < token.used_at + grace AND NOT EXISTS (
        SELECT FROM oauth_refresh_tokens
         WHERE grant_id = family AND came_of = known_digest AND used_at IS NOT NULL)
"""
_MARKED = (
    "        UPDATE oauth_refresh_tokens SET used_at = moment WHERE digest = known_digest;\n"
    "        UPDATE"
)
_SIBLINGS = """        UPDATE oauth_refresh_tokens SET used_at = moment, retried_at = moment
         WHERE grant_id = family AND came_of = token.came_of AND used_at IS NULL;
"""
_READ = "    SELECT * INTO token FROM oauth_refresh_tokens WHERE digest = known_digest;\n"


class _OfAnybody(Beside):
    """Does not look to which client a refresh token was given."""

    def find_refresh_token(self, token: str) -> Grant | None:
        found = self.real.find_refresh_token(token)
        return found and replace(found, wish=replace(found.wish, client_id=Any_("any")))


def _the_same(reply: Reply, request: Asked) -> Reply:
    """Have the answer to a refresh hold the token that was shown."""
    shown = request.get("refresh_token")
    if request.path != TOKEN or shown is None or b'"refresh_token"' not in reply.body:
        return reply
    return replace(
        reply, body=json.dumps({**json.loads(reply.body), "refresh_token": shown}).encode()
    )


MUTANTS = (
    mutant(
        "refresh-token-not-replaced",
        "OAUTH-11",
        "A refresh token stays the same for as long as it is good.",
        parts=at_the_door(answered=_the_same),
        sql=function(_ROTATE, (_MARKED, "        UPDATE")),
    ),
    mutant(
        "refresh-token-good-after-its-successor",
        "OAUTH-11 OAUTH-19",
        "A refresh token that was replaced is exchanged as before.",
        sql=function(_ROTATE, (_ELSE, _GOES_ON)),
    ),
    mutant(
        "refresh-grace-for-ever",
        "OAUTH-11",
        "A refresh token that was replaced may come once more, however much later.",
        sql=function(_ROTATE, (_GRACE, "\n")),
    ),
    mutant(
        "refresh-family-goes-on",
        "OAUTH-11",
        "A refresh token that comes back is refused, and what came of it goes on.",
        sql=function(_ROTATE, (_ENDS, ""), ("'reused'", "'refused'")),
    ),
    mutant(
        "refresh-token-of-any-client",
        "OAUTH-11",
        "Any client may exchange a refresh token.",
        parts=granting(_OfAnybody),
    ),
    mutant(
        "refreshes-looked-up-then-taken",
        "OAUTH-19",
        "Refreshes at once all find the token unused, and each one's successor goes on.",
        sql=function(
            _ROTATE,
            (" FOR UPDATE OF g", ""),
            (_READ, f"{_READ}    PERFORM pg_sleep(0.05);\n"),
            (_SIBLINGS, ""),
            (_ELSE, _LATE),
        ),
    ),
)
