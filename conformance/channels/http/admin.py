"""The administrator's routes: those that make keys, and the one that revokes them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from conformance.forge.filling import with_filled_in
from conformance.forge.guise import in_guise
from conformance.model import Channel
from conformance.profile.fields import found_at
from conformance.profile.target import supplied
from conformance.text.learned import LONGEST_SECRET, learn
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.profile.fields import AdminFields
    from conformance.profile.sections import AdminRequest
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
        """Whether the profile supplies all that it takes to have a key made."""
        needs = (Channel.ADMIN, Channel.SPARE_TENANT, Channel.KEY_CREATION)
        return all(self.target.has(need) for need in needs)

    def attempt(self, token: str | None) -> Answer:
        """Ask for a rotation with a token, right or wrong."""
        told = rotation_of(self.tenant_id, self.names)
        return self._kept_secret(self.wire.post_admin(self.route, told, token))

    def attempt_rightly(self) -> Answer:
        """Ask for a rotation with the right token."""
        return self.attempt(self.target.admin.token if self.target.admin else None)

    def mint(self) -> str:
        """Have a key made with the right token, by a rotation where there are any.

        NotEstablishedError where none is.
        """
        return self.key_of(self._minted())

    def mint_with_id(self) -> tuple[str, str]:
        """Mint a key; return it and the id by which it can be revoked."""
        answer = self._minted()
        return self.key_of(answer), self.id_of(answer)

    def revoke(self, key_id: str, tenant_id: str | None = None) -> Answer:
        """Revoke a key, of the spared tenant unless told otherwise, with the right token."""
        request, names = supplied(self.target.routes.revoke_key), self.names
        whose = tenant_id or self.tenant_id
        told = {names.tenant: whose, _last(names.key_id): key_id}
        filled = {"tenant": whose, "key_id": key_id}
        return self._ask(request, filled, json.dumps(told).encode())

    def _minted(self) -> Answer:
        request = self.target.routes.create_key
        if request is None or self.target.routes.rotate_key:
            return self.attempt_rightly()
        told = rotation_of(self.tenant_id, self.names)
        return self._ask(request, {"tenant": self.tenant_id}, told)

    def _ask(self, request: AdminRequest, filled: Mapping[str, str], told: bytes) -> Answer:
        """Send a request with the right token; what is ``told`` where it has no body of its own."""
        body: bytes | None = told
        if request.has_own_body:
            own = with_filled_in(request.body, filled)
            body = None if own is None else json.dumps(own).encode()
        safe = {name: quote(value, safe="") for name, value in filled.items()}
        path, token = with_filled_in(request.path, safe), supplied(self.target.admin).token
        return self._kept_secret(self.wire.post_admin(path, body, token, method=request.method))

    def _kept_secret(self, answer: Answer) -> Answer:
        """Have a key in an answer redacted, whatever the check then makes of the answer."""
        key = found_at(answer.entries, self.names.key)
        if isinstance(key, str):
            self.redactor.learn(key[:LONGEST_SECRET], "minted key")
        return answer

    def key_of(self, answer: Answer) -> str:
        """Return the key a rotation's answer holds, known from now on as good and as secret.

        NotEstablishedError where it holds none, or one too long to be one.
        """
        key = found_at(answer.entries, self.names.key)
        establish(isinstance(key, str) and key, f"a key is returned (got {answer.status})")
        learn(self.redactor, str(key), "minted key")
        self.wire.trust(str(key))
        return str(key)

    def id_of(self, answer: Answer) -> str:
        """Return the id of the key that a rotation's answer holds; NotEstablishedError if none."""
        identity = found_at(answer.entries, self.names.key_id)
        is_one = isinstance(identity, str | int) and not isinstance(identity, bool)
        establish(is_one and identity != "", "the new key's id is told")
        return str(identity)

    def holds_a_key(self, answer: Answer) -> bool:
        """Tell whether an answer holds what a rotation's answer holds the key in."""
        return json.dumps(_last(self.names.key)) in answer.text


def _last(place: str) -> str:
    return place.rpartition(".")[2]
