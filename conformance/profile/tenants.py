"""The tenants of a profile: their credentials, and where each is served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import field_validator

from conformance.profile.delivery import DeliveredSecret  # noqa: TC001 -- pydantic reads it
from conformance.profile.sections import Credential, OwnPath, Secret, Section

if TYPE_CHECKING:
    from collections.abc import Iterator


ONE_KEY = "[tenants.a] and [tenants.b] have one key, so nothing can cross between the two"


class Tenant(Section):
    """One tenant's credentials. ``canary`` is a string in its data that no one else may see.

    ``session`` is a session token of the tenant's, where the server has such beside its keys.
    ``credentials`` are what its tools are given to show to other services.
    ``path`` is where its requests go if not to that of [target] url, which is tenant A's.
    """

    id: str
    key: Credential
    revoked_key: Secret | None = None
    expired_key: Secret | None = None
    session: Credential | None = None
    canary: str | None = None
    path: OwnPath | None = None
    credentials: tuple[DeliveredSecret, ...] = ()

    def own_keys(self) -> Iterator[str]:
        """Yield each of its keys."""
        yield from filter(None, (self.key, self.revoked_key, self.expired_key, self.session))

    @property
    def token(self) -> str:
        """What stands for a session: the session token, or else the key."""
        return self.session or self.key


class Tenants(Section):
    """The two tenants between which nothing may cross.

    Where a server has one key for everybody, both have that. ``spare`` is one whose keys the suite
    may rotate and whose limits it may exhaust.
    """

    a: Tenant
    b: Tenant
    spare: Tenant | None = None

    @field_validator("a")
    @classmethod
    def _is_at_the_target(cls, tenant: Tenant) -> Tenant:
        if tenant.path is not None:
            raise ValueError("has a path; tenant A's is that of [target] url: give it there")
        return tenant

    @property
    def are_one(self) -> bool:
        """Whether both have the same key, as where a server has but one for everybody."""
        return self.a.key == self.b.key

    def good_keys(self) -> set[str]:
        """Return the keys that work."""
        known = filter(None, (self.a, self.b, self.spare))
        return {key for one in known for key in (one.key, one.token)}

    def paced_keys(self) -> frozenset[str]:
        """Return the keys whose tenants must not be exhausted, session tokens among them."""
        return frozenset({self.a.key, self.b.key, self.a.token, self.b.token})

    def payers(self) -> dict[str, str]:
        """Return the keys of the tenants on whose account session tokens are used, by token."""
        known = filter(None, (self.a, self.b, self.spare))
        return {one.session: one.key for one in known if one.session}

    def paths(self) -> dict[str, str]:
        """Return where requests go that present one of some keys, by key."""
        known = filter(None, (self.b, self.spare))
        return {key: one.path for one in known if one.path for key in one.own_keys()}
