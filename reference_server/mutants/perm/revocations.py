"""Defects by which taking something away gives more."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from reference_server.core.vocabulary import Scheme, Tier
from reference_server.mutants.bending import Beside, mutant, replaced
from reference_server.mutants.perm.elevating import of_tier
from reference_server.parts import with_parts
from reference_server.permissions.decision import TierPermissions
from reference_server.sessions.claims import read_claims
from reference_server.wiring import servers_of

if TYPE_CHECKING:
    from reference_server.core.principal import Principal
    from reference_server.parts import Parts
    from reference_server.permissions.contracts import Decision


class _GoesOn(Beside):
    """Takes the token of a session that was ended for an administrator's."""

    def validate(self, token: str) -> Principal | None:
        """Return whose the token is, or was."""
        found, payload = self.real.validate(token), self.real.tokens.open(token)
        claims = None if payload is None else read_claims(payload)
        if found is not None or claims is None or not self.real.admits(claims):
            return found
        holder = claims.principal()
        now = self.real.clock.now()
        is_over = holder.ends is not None and holder.ends <= now
        return None if is_over else of_tier(holder, Tier.ADMIN)


class _Inheriting(TierPermissions):
    """Gives the keys that a tenant has left more than they had, each time one is revoked."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(servers_of(parts.plugins.plugins))
        self.revoked = Counter[UUID]()
        self._first_seen = dict[UUID, int]()

    def for_tool(self, principal: Principal, tool: str) -> Decision:
        """Decide as for an administrator where another key was revoked after a key's first use."""
        key, count = principal.key_id, self.revoked[principal.tenant_id]
        if key is not None and principal.scheme is Scheme.API_KEY:
            seen = self._first_seen.setdefault(key, count)
            principal = of_tier(principal, Tier.ADMIN) if count > seen else principal
        return super().for_tool(principal, tool)


class _Telling:
    """Revokes keys, and tells whose it was."""

    def __init__(self, real: Any, told: _Inheriting) -> None:
        self.real, self._told = real, told

    def revoke(self, tenant_id: UUID, key_id: UUID) -> Any:
        """Revoke as before."""
        self._told.revoked[tenant_id] += 1
        return self.real.revoke(tenant_id, key_id)


def _inheriting(parts: Parts) -> Parts:
    permissions = _Inheriting(parts)
    telling = _Telling(parts.keys.revocation, permissions)
    return with_parts(parts, {"permissions": permissions, "keys.revocation": telling})


MUTANTS = (
    mutant(
        "ended-session-is-an-administrators",
        "JWT-05 PERM-07",
        "A session that was ended goes on, as an administrator's.",
        parts=replaced({"tokens.validator": lambda parts: _GoesOn(parts.tokens.validator)}),
    ),
    mutant(
        "revocation-promotes-the-other-keys",
        "PERM-07",
        "Once a key was revoked, the others of its tenant reach what administrators do.",
        parts=_inheriting,
    ),
)
