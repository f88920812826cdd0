"""Makes the callers of a policy, whatever each presents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.channels.http.callers import Caller
from conformance.channels.http.tokens import ring_of
from conformance.forge.jwt.forging import Ring, minted
from conformance.forge.jwt.shape import Token
from conformance.forge.keys import TenantKeys
from conformance.profile.target import supplied
from conformance.text.learned import learn
from conformance.text.tokens import is_token
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.session_tokens import SessionTokens
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.profile.policy import Identity
    from conformance.profile.target import Target
    from conformance.profile.tenants import Tenant


@dataclass(frozen=True)
class Callers:
    """Makes the callers of a policy, whatever each presents."""

    wire: Wire
    passage: Passage
    session_tokens: SessionTokens
    _valid: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def target(self) -> Target:
        """What the profile tells of the target."""
        return self.wire.target

    def all(self) -> dict[str, Caller]:
        """Return the policy's identities, by name."""
        return {name: self.of(name, one) for name, one in self.target.policy.identities.items()}

    def of(self, name: str, identity: Identity, key: str | None = None) -> Caller:
        """Return one identity as a caller; NotEstablishedError where its token cannot be made.

        ``key`` is one of its tenant's that is still good, where that of the profile may be over.
        """
        named: Tenant = supplied(getattr(supplied(self.target.tenants), identity.tenant))
        tenant = named.model_copy(update={"key": key or named.key})
        if identity.nothing:
            return Caller(name, None, self.wire)
        if identity.claims is not None:
            token = self._minted(TenantKeys(tenant), identity.claims)
            self.wire.trust(token, payer=tenant.key)
            return Caller(name, token, self.wire)
        if identity.session is not None:
            self.wire.trust(identity.session, payer=identity.session)
            return Caller(name, identity.session, self.wire)
        key = identity.key or tenant.key
        self.wire.trust(key)
        return Caller(name, key, self.wire)

    def _minted(self, tenant: TenantKeys, claims: dict[str, Any]) -> str:
        now = self.passage.now()
        if tenant.tenant_id not in self._valid:
            self._valid[tenant.tenant_id] = self.session_tokens.holding(tenant, now)
        valid = self._valid[tenant.tenant_id]
        establish(is_token(valid), "the tenant's session is a signed token (JWT)")
        ring = ring_of(supplied(self.target.channels.signing), Ring(now))
        token = minted(Token(valid), ring, {"claims": claims})
        learn(self.session_tokens.redactor, token, "a token of the policy's")
        return token
