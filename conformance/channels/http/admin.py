"""The administrator's routes: those that make keys, and the one that revokes them."""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.forge.filling import path_filled_in, with_filled_in
from conformance.forge.guise import in_guise
from conformance.forge.requests import Request
from conformance.model import Channel
from conformance.profile.fields import found_at
from conformance.profile.target import supplied
from conformance.text.learned import LONGEST_SECRET, learn
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

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
class AdminCall:
    """One request to an administrator's route, but for its token; ``what`` says it in words.

    ``template`` is its body as the profile writes it, where it does.
    """

    what: str
    path: str
    body: bytes | None
    method: str = "POST"
    template: dict[str, Any] | None = None


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

    @property
    def token(self) -> str | None:
        """The right token; None where the profile has none."""
        return self.target.admin.token if self.target.admin else None

    @property
    def rotation(self) -> AdminCall:
        """What asks for a rotation."""
        return AdminCall("a rotation", self.route, rotation_of(self.tenant_id, self.names))

    def creation(self, tenant_id: str | None = None) -> AdminCall:
        """Return what has a key made that ends no other, for the spared tenant if for no other."""
        whose = tenant_id or self.tenant_id
        request, told = supplied(self.target.routes.create_key), rotation_of(whose, self.names)
        return _filled("the making of a key", request, {"tenant": whose}, told)

    def revocation(self, key_id: str, tenant_id: str | None = None) -> AdminCall:
        """Return what revokes a key, of the spared tenant unless told otherwise."""
        request, names = supplied(self.target.routes.revoke_key), self.names
        whose = tenant_id or self.tenant_id
        told = {names.tenant: whose, _last(names.key_id): key_id}
        filled = {"tenant": whose, "key_id": key_id}
        return _filled("a revocation", request, filled, json.dumps(told).encode())

    def makings(self) -> Iterator[AdminCall]:
        """Yield what has a key made, by each route that does."""
        if self.target.routes.rotate_key:
            yield self.rotation
        if self.target.routes.create_key is not None:
            yield self.creation()

    def without_effect(self) -> Iterator[AdminCall]:
        """Yield what each route refuses, whatever the token: it is about nobody.

        Where a key is made for whoever asks, nobody can be named: a key is made then.
        """
        nobody = "none"
        if self.target.routes.rotate_key:
            yield AdminCall("a rotation", self.route, rotation_of(nobody, self.names))
        if self.target.routes.create_key is not None:
            yield self.creation(nobody)
        if self.target.routes.revoke_key is not None:
            yield self.revocation(str(uuid.uuid4()))

    def ask(self, call: AdminCall, token: str | None) -> Answer:
        """Send a request with a token, right or wrong."""
        if token:
            self.redactor.learn_changed(token)
        sent = self.wire.post_admin(call.path, call.body, token, method=call.method)
        return self._kept_secret(sent)

    def ask_by_hearsay(self, call: AdminCall, told: Iterable[tuple[str, str]]) -> Answer:
        """Send a request without a token, but with headers that speak for whoever sends it."""
        kind = () if call.body is None else (("Content-Type", "application/json"),)
        return self._kept_secret(
            self.wire.send(Request(call.method, call.path, (*kind, *told), call.body))
        )

    def attempt(self, token: str | None) -> Answer:
        """Ask for a rotation with a token, right or wrong."""
        return self.ask(self.rotation, token)

    def attempt_rightly(self) -> Answer:
        """Ask for a rotation with the right token."""
        return self.attempt(self.token)

    def mint(self) -> str:
        """Have a key made with the right token, by a rotation where there are any.

        NotEstablishedError where none is.
        """
        return self.key_of(self._minted())

    def mint_with_id(self) -> tuple[str, str]:
        """Mint a key; return it and the id by which it can be revoked."""
        answer = self._minted()
        return self.key_of(answer), self.id_of(answer)

    @contextmanager
    def minting(self) -> Generator[Callable[[], str]]:
        """Lend what mints keys that nobody needs afterwards; they are revoked if they can be.

        The newest goes first. A revocation that fails is for others to judge.
        """
        identities: list[str] = []

        def minted() -> str:
            answer = self._minted()
            identity = found_at(answer.entries, self.names.key_id)
            if _is_id(identity):
                identities.append(str(identity))
            return self.key_of(answer)

        try:
            yield minted
        finally:
            if self.target.routes.revoke_key is not None:
                for identity in reversed(identities):
                    self.revoke(identity)

    def revoke(self, key_id: str, tenant_id: str | None = None) -> Answer:
        """Revoke a key, of the spared tenant unless told otherwise, with the right token."""
        return self.ask(self.revocation(key_id, tenant_id), supplied(self.target.admin).token)

    def _minted(self) -> Answer:
        if self.target.routes.create_key is None or self.target.routes.rotate_key:
            return self.attempt_rightly()
        return self.ask(self.creation(), supplied(self.target.admin).token)

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
        establish(_is_id(identity), "the new key's id is told")
        return str(identity)

    def holds_a_key(self, answer: Answer) -> bool:
        """Tell whether an answer holds what a rotation's answer holds the key in."""
        return json.dumps(_last(self.names.key)) in answer.text


def _filled(what: str, request: AdminRequest, filled: Mapping[str, str], told: bytes) -> AdminCall:
    """Return a request filled in, with what is ``told`` where it has no body of its own."""
    body: bytes | None = told
    template = (request.body or {}) if request.has_own_body else None
    if request.has_own_body:
        own = with_filled_in(request.body, filled)
        body = None if own is None else json.dumps(own).encode()
    return AdminCall(what, path_filled_in(request.path, filled), body, request.method, template)


def _is_id(identity: object) -> bool:
    is_one = isinstance(identity, str | int) and not isinstance(identity, bool)
    return is_one and identity != ""


def _last(place: str) -> str:
    return place.rpartition(".")[2]
