"""Requests that carry credentials by several ways at once, each in its place."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.channels.http.results import is_tenant
from conformance.channels.passage import Passage
from conformance.forge.keys import random_key, unknown_like
from conformance.forge.proxied import Word
from conformance.forge.requests import STATELESS, Request, opening, tool_call
from conformance.profile.target import supplied
from conformance.verdicts import NotApplicableError, NotAssessedError, establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.session_tokens import SessionTokens
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.profile.signing import ProxyIdentity, Way


@dataclass(frozen=True)
class Ways:
    """The ways of a target, and what comes by each; those alone that are ``named``, if any are."""

    wire: Wire
    keys: Keys
    passage: Passage
    sessions: SessionTokens
    named: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[Way, ...]:
        """Each way, in the order in which they count."""
        ways = self.wire.target.ways
        by_title = {way.title: way for way in ways}
        return tuple(by_title[one] for one in self.named) if self.named else ways

    @property
    def _payers(self) -> tuple[str, str]:
        """The keys on whose accounts each request goes: what it shows may be either tenant's."""
        return self.keys.a.active, self.keys.b.active

    @property
    def others(self) -> tuple[Way, ...]:
        """The target's ways that are none of these."""
        return tuple(way for way in self.wire.target.ways if way not in self.all)

    def at(self, url: str, named: tuple[str, ...]) -> Ways:
        """Return some of the ways to another process of the target.

        Its sessions begin there, and now: no clock has been moved on for it.
        """
        wire = self.wire.at(url)
        return replace(
            self, wire=wire, named=named, passage=Passage.real(), sessions=self.sessions.at(wire)
        )

    def pairs(self) -> list[tuple[Way, Way]]:
        """Return each way with each of those that count after it, and have another header."""
        pairs = itertools.combinations(self.all, 2)
        return [(way, other) for way, other in pairs if way.place != other.place]

    def beside_keys(self) -> tuple[Way, ...]:
        """Return the ways by which keys do not come. NotApplicableError where there are none."""
        keys = self.wire.target.key_way
        own = keys.place.lower(), keys.scheme.lower()
        found = tuple(way for way in self.all if (way.place.lower(), way.scheme.lower()) != own)
        if not found:
            raise NotApplicableError("credentials come by one way alone")
        return found

    def proxied(self) -> tuple[Way, ProxyIdentity]:
        """Return the way of a proxy's word. Raises NotAssessedError where there is none."""
        for way in self.all:
            if way.proxy is not None:
                return way, way.proxy
        raise NotAssessedError("supply [sessions.ways.proxy]: how a proxy signs whom it lets in")

    def cookie(self) -> Way:
        """Return the way of a cookie. Raises NotAssessedError where there is none."""
        for way in self.all:
            if way.cookie is not None:
                return way
        raise NotAssessedError("no way of [[sessions.ways]] is a cookie")

    def token(self, tenant: TenantKeys) -> str:
        """Return a session token of a tenant's that holds, begun now if need be."""
        return self.sessions.holding(tenant, self.passage.now())

    def right(self, way: Way, tenant: TenantKeys) -> tuple[str, str]:
        """Return the field by which a tenant shows a right credential."""
        if way.proxy is not None:
            return way.place, self.word(way.proxy, tenant).text()
        return way.field(self.token(tenant))

    def wrong(self, way: Way, tenant: TenantKeys) -> tuple[str, str]:
        """Return the field of a credential in the right form that nobody has issued."""
        if way.proxy is not None:
            word = self.word(way.proxy, tenant)
            return way.place, word.text(secret=random_key())
        return way.field(unknown_like(self.token(tenant)))

    def word(self, form: ProxyIdentity, tenant: TenantKeys, requests: int = 1) -> Word:
        """Return a proxy's word for a tenant, in a request to the endpoint.

        It grows stale within a window of the limits: what has to pass before the ``requests`` in
        which it is shown passes first.
        """
        for payer in self._payers:
            self.wire.make_room(payer, requests)
        path = self.wire.path.partition("?")[0]
        return Word(form, tenant.tenant_id, self.passage.now(), path=path)

    def send(self, *fields: tuple[str, str], is_right: bool = False) -> Answer:
        """Knock with some fields; one that is right fails no authentication."""
        return self._sent(opening(self.wire.revision), fields, is_right=is_right)

    def end(self, *fields: tuple[str, str]) -> Answer:
        """Ask for the end of the session whose token stands in one of some fields."""
        asked = supplied(self.wire.target.sessions.end)
        return self._sent(Request(asked.method, asked.path), fields)

    def _sent(
        self, request: Request, fields: tuple[tuple[str, str], ...], *, is_right: bool = False
    ) -> Answer:
        """Send a request with some fields, on the accounts of both tenants."""
        for field in fields:
            request = request.with_header(*field)
        for payer in self._payers:
            self.wire.pace(payer)
        return self.wire.send(request, is_guarded=not is_right)

    def whose(self, *shown: tuple[Way, TenantKeys]) -> tuple[Answer, str | None]:
        """Return the answer to a call of the tool that tells its caller, and which tenant it told.

        ``a`` or ``b``; None for neither. By each way a tenant's credential is shown, made anew for
        each request: a proxy's word is good once.
        """

        def fields() -> tuple[tuple[str, str], ...]:
            return tuple(self.right(way, tenant) for way, tenant in shown)

        target = self.wire.target
        if target.tools.ping is None:
            raise NotAssessedError("supply [tools] ping: a tool that tells the caller's tenant")
        session = None
        if self.wire.revision != STATELESS:
            opened = self.send(*fields())
            session = opened.header("mcp-session-id")
        call = tool_call(target.tools.ping, {}, revision=self.wire.revision, session=session)
        answer = self._sent(call, fields())
        for name, tenant in (("a", self.keys.a), ("b", self.keys.b)):
            if is_tenant(answer, target, tenant.tenant_id):
                return answer, name
        return answer, None

    def establish(self) -> None:
        """Show that the door is closed, and that each way opens it to either tenant."""
        plain = self.send()
        establish(not plain.executed, f"a request without a credential is refused (got {plain})")
        for way in self.all:
            for tenant in (self.keys.a, self.keys.b):
                answer = self.send(self.right(way, tenant), is_right=True)
                establish(answer.succeeded, f"a right credential by {way.name} works: {answer}")
