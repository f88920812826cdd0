"""Who a request acts for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from reference_server.core.vocabulary import Permission, Scheme, Tier

if TYPE_CHECKING:
    from datetime import datetime

NO_TENANT = UUID(int=0)
"""The tenant of who has none: no row is his."""


@dataclass(frozen=True)
class Principal:
    """Who a request acts for, whatever scheme proved it.

    ``key_id`` is the row in ``api_keys`` that proved it, or that the session was begun with; None
    where no key did. ``token_id`` and ``session_id`` are a session token's, ``subject`` is whom a
    token or a proxy names; ``member_id`` is the membership by which a person has his rights. The
    proof is good until ``ends``; None where something else decides. ``client_id`` is the OAuth
    client that acts for him by an access token; None where none does.
    """

    tenant_id: UUID
    key_id: UUID | None
    scheme: Scheme = Scheme.API_KEY
    tier: Tier = Tier.USER
    scope: frozenset[str] = frozenset({Tier.USER})
    roles: frozenset[str] = frozenset()
    rate_tier: Tier = Tier.USER
    session_id: str | None = None
    token_id: str | None = None
    subject: str | None = None
    member_id: UUID | None = None
    ends: datetime | None = None
    client_id: str | None = None

    def has_permission(self, permission: str) -> bool:
        """Tell whether the scope names a permission."""
        return permission in self.scope

    def has_role(self, role: str) -> bool:
        """Tell whether a role is among those held."""
        return role in self.roles

    @property
    def is_admin(self) -> bool:
        """Whether the caller is of the highest tier, and permitted what it is."""
        return self.tier is Tier.ADMIN and self.has_permission(Tier.ADMIN)

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody knows who calls."""
        return self.tier is Tier.ANONYMOUS


def implied(scope: frozenset[str]) -> frozenset[str]:
    """Return what a user has granted with all that it implies."""
    return scope | {Permission.READ} if Permission.WRITE in scope else scope


ANONYMOUS = Principal(
    tenant_id=NO_TENANT,
    key_id=None,
    scheme=Scheme.NONE,
    tier=Tier.ANONYMOUS,
    scope=frozenset({Tier.ANONYMOUS}),
    rate_tier=Tier.ANONYMOUS,
)
"""Who presents nothing where nothing is asked for."""
