"""The one validator of session tokens, in whichever of its three modes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reference_server.core.principal import ANONYMOUS
from reference_server.core.vocabulary import SessionMode
from reference_server.sessions.claims import Claims, read_claims

if TYPE_CHECKING:
    from reference_server.core.contracts import Clock
    from reference_server.core.principal import Principal
    from reference_server.identity.contracts import IssuedTokens
    from reference_server.sessions.contracts import SessionEnds
    from reference_server.sessions.signing import SignedTokens

LEEWAY_SECONDS = 5
"""How far the clock of the worker that issued a token may be ahead of ours. No token lives longer
for it."""


@dataclass(frozen=True)
class Rules:
    """What a token must say. ``longest`` is the longest life of one, in seconds.

    ``resource`` is the audience of access tokens of OAuth clients; None where there are none.
    """

    mode: SessionMode
    issuer: str
    audience: str
    longest: int
    resource: str | None = None

    def audience_of(self, client_id: str | None) -> str | None:
        """Return whom a token must be meant for: what a client was given is good for nothing else.

        None where no token of a client's is good.
        """
        return self.audience if client_id is None else self.resource


@dataclass(frozen=True)
class AuthValidation:
    """Verifies the signature, then the claims, then that nothing has ended the session."""

    tokens: SignedTokens
    ends: SessionEnds
    clock: Clock
    rules: Rules
    issued: IssuedTokens | None = None
    """What takes access tokens of other issuers, where any is trusted."""

    @property
    def asks(self) -> bool:
        """Whether a credential is looked at; not where validation is disabled."""
        return self.rules.mode is not SessionMode.DISABLED

    def absent(self) -> Principal | None:
        """Return who presents nothing: anonymous, or None where a credential is required."""
        return None if self.rules.mode is SessionMode.REQUIRED else ANONYMOUS

    def validate(self, token: str) -> Principal | None:
        """Return whose the token is; None for whatever is wrong with it.

        Who it says has issued it decides which rules hold: only he can have signed it then.
        StorageUnavailableError when it is not known what has ended, or who is a member.
        """
        if self.issued is not None and self.issued.is_of_issuer(token):
            principal = self.issued.validate(token)
        else:
            principal = self._own(token)
        return principal if principal is not None and self.holds(principal) else None

    def _own(self, token: str) -> Principal | None:
        payload = self.tokens.open(token)
        claims = None if payload is None else read_claims(payload)
        return claims.principal() if claims is not None and self.admits(claims) else None

    def holds(self, principal: Principal) -> bool:
        """Tell whether a proof that was good is so still; errors as ``validate``."""
        now = self.clock.now()
        if principal.ends is not None and principal.ends <= now:
            return False
        grant = principal.client_id and principal.session_id
        names = (principal.token_id, principal.key_id, principal.member_id, grant)
        return not any(name and self.ends.has_ended(str(name), now) for name in names)

    def admits(self, claims: Claims) -> bool:
        """Tell whether the claims are those of a token of ours, whose time has come."""
        rules, latest = self.rules, self.clock.now().timestamp() + LEEWAY_SECONDS
        audience = rules.audience_of(claims.client_id)
        return (
            claims.iss == rules.issuer
            and audience is not None
            and claims.has_audience(audience)
            and claims.iat <= latest
            and (claims.nbf is None or claims.nbf <= latest)
            and 0 < claims.exp - claims.iat <= rules.longest
        )
