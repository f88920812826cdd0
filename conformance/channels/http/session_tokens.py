"""Begins sessions with a tenant's key, and ends them, by the routes of the profile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.forge.described import described
from conformance.forge.filling import path_filled_in
from conformance.forge.jwt.shape import is_good_at
from conformance.forge.requests import Request
from conformance.profile.fields import found_at
from conformance.profile.target import supplied
from conformance.text.learned import learn
from conformance.text.tokens import is_token
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.profile.signing import Way
    from conformance.text.redaction import Redactor

_ENOUGH_SECONDS = 300
"""For which a token must hold still, so that it outlasts a check."""
_SOON_SECONDS = 60
"""For which one that was begun in the check must: where none lives for longer, this has to do."""


@dataclass(frozen=True)
class SessionTokens:
    """Sessions of tenants."""

    wire: Wire
    keys: Keys
    redactor: Redactor
    _begun: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    """The last token that was begun in this check, by the tenant's key."""

    def at(self, wire: Wire) -> SessionTokens:
        """Return those of another process of the target, where none has begun yet."""
        return SessionTokens(wire, self.keys, self.redactor)

    def holding(self, tenant: TenantKeys, now: float) -> str:
        """Return a tenant's token that outlasts a check: the profile's, or one begun in it.

        Where sessions cannot be begun it is the profile's, whatever it is; so it is where the
        profile's tells nobody when it ends, as one that is looked up.
        """
        named = tenant.token
        is_told = named != tenant.active and not is_token(named)
        if self.wire.target.sessions.start is None or is_told:
            return named
        if is_good_at(named, now + _ENOUGH_SECONDS):
            return named
        begun = self._begun.get(tenant.active, "")
        if not begun or (is_token(begun) and not is_good_at(begun, now + _SOON_SECONDS)):
            begun = self._begun[tenant.active] = self.begin(tenant.active)
        return begun

    def begin(self, key: str | None = None) -> str:
        """Return the token of a session just begun. NotEstablishedError unless one is told."""
        routes = self.wire.target.sessions
        key = key or self.keys.active
        answer = self.wire.send(described(supplied(routes.start), {}), key=key)
        token = self.told_by(answer, key)
        establish(token is not None, f"a session begins, with a token (got {answer})")
        return str(token)

    def told_by(self, answer: Answer, payer: str) -> str | None:
        """Return the token that an answer tells, if any, to be used on the account of a key."""
        found = found_at(answer.entries, self.wire.target.sessions.token)
        if not isinstance(found, str):
            return None
        learn(self.redactor, found, "a session token")
        self.wire.trust(found, payer=payer)
        return found

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
