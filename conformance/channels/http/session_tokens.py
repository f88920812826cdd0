"""Begins sessions with a tenant's key, and ends them, by the routes of the profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.forge.described import described
from conformance.forge.filling import path_filled_in
from conformance.forge.jwt.shape import is_good_at
from conformance.forge.requests import Request
from conformance.profile.fields import found_at
from conformance.profile.target import supplied
from conformance.text.learned import learn
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.profile.signing import Way
    from conformance.text.redaction import Redactor

_ENOUGH_SECONDS = 300
"""For which a token must hold still, so that it outlasts a check."""


@dataclass(frozen=True)
class SessionTokens:
    """Sessions of tenants."""

    wire: Wire
    keys: Keys
    redactor: Redactor

    def holding(self, tenant: TenantKeys, now: float) -> str:
        """Return a tenant's token that outlasts a check: the profile's, or one begun now.

        Where sessions cannot be begun it is the profile's, whatever it is.
        """
        if self.wire.target.sessions.start is None:
            return tenant.token
        is_good = is_good_at(tenant.token, now + _ENOUGH_SECONDS)
        return tenant.token if is_good else self.begin(tenant.active)

    def begin(self, key: str | None = None) -> str:
        """Return the token of a session just begun. NotEstablishedError unless one is told."""
        routes = self.wire.target.sessions
        key = key or self.keys.active
        answer = self.wire.send(described(supplied(routes.start), {}), key=key)
        found = found_at(answer.entries, routes.token)
        establish(isinstance(found, str), f"a session begins, with a token (got {answer})")
        token = str(found)
        learn(self.redactor, token, "a session token")
        self.wire.trust(token, payer=key)
        return token

    def show(self, token: str, way: Way | None = None) -> Answer:
        """Knock with a token, by the first of its ways unless told otherwise."""
        return self._line(way).knock(token)

    def end(self, token: str) -> Answer:
        """End the session of a token."""
        request = supplied(self.wire.target.sessions.end)
        sent = Request(request.method, path_filled_in(request.path, {}))
        return self._line().send(sent, key=token)

    def _line(self, way: Way | None = None) -> Wire:
        return self.wire.derived(way=way or self.wire.target.token_way)
