"""The administrator's route that mints keys: rotation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.forge.guise import in_guise
from conformance.model import Channel
from conformance.profile.fields import found_at
from conformance.text.learned import learn
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.profile.fields import AdminFields
    from conformance.profile.target import Target
    from conformance.text.redaction import Redactor

_OURS = "Hallmark conformance run"


def rotation_of(tenant_id: object, names: AdminFields, description: object = _OURS) -> bytes:
    """Return the body that asks for a rotation of a tenant's keys.

    A value of None is left out, and so is a description where the target takes none.
    """
    told = {names.tenant: tenant_id}
    if names.description:
        told[names.description] = in_guise(_OURS) if description is _OURS else description
    return json.dumps({name: value for name, value in told.items() if value is not None}).encode()


@dataclass(frozen=True)
class Administrator:
    """Rotates keys of the tenant the profile spares for it."""

    wire: Wire
    target: Target
    redactor: Redactor

    @property
    def route(self) -> str:
        """The rotation route."""
        route = self.target.routes.rotate_key
        establish(route, "the profile names the rotation route")
        return route or ""

    @property
    def names(self) -> AdminFields:
        """What the target calls the fields of what is sent and answered here."""
        return self.target.fields.admin

    @property
    def tenant_id(self) -> str:
        """The tenant whose keys may be rotated; any id where the profile spares none."""
        tenants = self.target.tenants
        if tenants is not None and tenants.spare is not None:
            return tenants.spare.id
        return "00000000-0000-4000-8000-000000000000"

    @property
    def can_mint(self) -> bool:
        """Whether the profile supplies all that a rotation takes."""
        needs = (Channel.ADMIN, Channel.SPARE_TENANT, Channel.ROTATE_ROUTE)
        return all(self.target.has(need) for need in needs)

    def attempt(self, token: str | None) -> Answer:
        """Ask for a rotation with a token, right or wrong."""
        return self.wire.post_admin(self.route, rotation_of(self.tenant_id, self.names), token)

    def attempt_rightly(self) -> Answer:
        """Ask for a rotation with the right token."""
        return self.attempt(self.target.admin.token if self.target.admin else None)

    def mint(self) -> str:
        """Rotate with the right token and return the new key. NotEstablishedError otherwise."""
        return self.key_of(self.attempt_rightly())

    def mint_with_id(self) -> tuple[str, str]:
        """Mint a key; return it and the id by which it can be revoked."""
        answer = self.attempt_rightly()
        return self.key_of(answer), self.id_of(answer)

    def revoke(self, key_id: str, tenant_id: str | None = None) -> Answer:
        """Revoke a key, of the spared tenant unless told otherwise, with the right token."""
        route = self.target.routes.revoke_key
        establish(route, "the profile names the revocation route")
        names = self.names
        told = {names.tenant: tenant_id or self.tenant_id, _last(names.key_id): key_id}
        body = json.dumps(told).encode()
        token = self.target.admin.token if self.target.admin else None
        return self.wire.post_admin(route or "", body, token)

    def key_of(self, answer: Answer) -> str:
        """Return the key a rotation's answer holds, known from now on as good and as secret.

        NotEstablishedError where it holds none, or one too long to be one.
        """
        key = found_at(answer.entries, self.names.key)
        establish(isinstance(key, str) and key, f"a rotation returns a key (got {answer.status})")
        learn(self.redactor, str(key), "minted key")
        self.wire.trust(str(key))
        return str(key)

    def id_of(self, answer: Answer) -> str:
        """Return the id of the key that a rotation's answer holds; NotEstablishedError if none."""
        identity = found_at(answer.entries, self.names.key_id)
        establish(isinstance(identity, str) and identity, "a rotation tells the new key's id")
        return str(identity)

    def holds_a_key(self, answer: Answer) -> bool:
        """Tell whether an answer holds what a rotation's answer holds the key in."""
        return json.dumps(_last(self.names.key)) in answer.text


def _last(place: str) -> str:
    return place.rpartition(".")[2]
