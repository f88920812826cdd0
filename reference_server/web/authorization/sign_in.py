"""Where a browser is signed in that has no session, and no identity provider to get one from.

Who has an API key begins a session with it, as ``POST /auth/session`` does for programs. The form
is taken from a page of ours alone: else another site could sign its visitors in as somebody of its
own, and have them work for that one unawares.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from flask import g, request

from reference_server.audit.contracts import AuditEvent
from reference_server.core.vocabulary import EventType, Outcome, Reason
from reference_server.keys.lookup import look_up
from reference_server.oauth.redirects import host_of
from reference_server.web.answers import forbidden, redirected
from reference_server.web.authorization.answers import page
from reference_server.web.authorization.requests import MOST_PARAMETERS
from reference_server.web.cookies import set_session_cookie
from reference_server.web.oauth_paths import AUTHORIZE
from reference_server.web.own_pages import is_own
from reference_server.web.refusing import count_failure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Response

    from reference_server.core.principal import Principal
    from reference_server.oauth.contracts import AuthorizationParts
    from reference_server.parts import Parts
    from reference_server.sessions.contracts import Issued

LONGEST_KEY = 256
"""Characters of a key that are looked at: ours have 43."""


def sign_in_page(
    parts: AuthorizationParts, pairs: Iterable[tuple[str, str]], *, is_wrong: bool = False
) -> Response:
    """Return the page that asks for a key, to go on with a request for consent afterwards."""
    return page(
        "sign_in",
        HTTPStatus.UNAUTHORIZED,
        "'self'",
        server=host_of(parts.issuer),
        is_wrong=is_wrong,
        asked=urlencode(list(pairs)),
    )


class SignInDesk:
    """Begins sessions of whoever has a key, and goes on where the form was shown."""

    def __init__(self, parts: Parts, authorization: AuthorizationParts) -> None:
        self._parts, self._authorization = parts, authorization

    def sign_in(self) -> Response:
        """Begin a session and go on; the page again for a key that is no good."""
        if not is_own(g.context, self._parts.tokens.origins):
            return forbidden()
        principal = self._holder(request.form.get("api_key", ""))
        issued = None if principal is None else self._parts.tokens.issuer.issue(principal)
        asked = request.form.get("asked", "")
        if principal is None or issued is None:
            return self._refused(asked)
        g.context.principal = principal
        self._tell_begun(issued)
        # Back to the one place, whatever the form holds: nobody is sent elsewhere from here.
        response = redirected(f"{AUTHORIZE}?{urlencode(_pairs(asked))}")
        set_session_cookie(self._parts, response, issued.token, issued.seconds)
        return response

    def _holder(self, key: str) -> Principal | None:
        """Return whose a key is; what takes as long for every other text."""
        presented = key.strip()[:LONGEST_KEY] or None
        return look_up(self._parts.keys, presented, self._parts.clock.now())

    def _refused(self, asked: str) -> Response:
        context = g.context
        told = {"reason": Reason.INVALID.value, "way": "form"}
        failure = AuditEvent(EventType.AUTH_FAILURE, Outcome.FAILURE, metadata=told)
        events = [failure, *count_failure(context, self._parts)]
        self._parts.trail.write(*map(context.attribute, events))
        return sign_in_page(self._authorization, _pairs(asked), is_wrong=True)

    def _tell_begun(self, issued: Issued) -> None:
        told = {"tokenId": issued.token_id, "session": issued.session_id}
        metadata = {**told, "ends": issued.ends.isoformat()}
        event = AuditEvent(EventType.SESSION_ISSUED, Outcome.SUCCESS, metadata=metadata)
        self._parts.trail.write(g.context.attribute(event))


def _pairs(asked: str) -> list[tuple[str, str]]:
    """Return the parameters that a form has kept; none where they are no parameters."""
    try:
        return parse_qsl(asked, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        return []
