"""Secrets of tenants, stored, used and deleted as the profile says."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.channels.http.answer import is_done
from conformance.forge.described import described
from conformance.forge.filling import with_filled_in
from conformance.forge.guise import own_word
from conformance.profile.fields import found_at
from conformance.profile.target import supplied
from conformance.text.learned import learn
from conformance.text.tool_credentials import leaks
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from collections.abc import Generator

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.downstream import Downstream
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import TenantKeys
    from conformance.profile.vault import VaultAct
    from conformance.text.redaction import Redactor

_SECRET_BYTES = 24


@dataclass(frozen=True)
class Stored:
    """A secret that was stored, and the reference that was answered."""

    tenant: TenantKeys
    secret: str
    reference: str
    answer: Answer


@dataclass(frozen=True)
class Use:
    """One use: what was answered, and what was shown of the secret; empty where nothing was."""

    answer: Answer
    shown: str
    is_digest: bool = False

    def shows(self, secret: str) -> bool:
        """Tell whether it was this secret that was used."""
        if self.is_digest:
            return self.shown.lower() == hashlib.sha256(secret.encode()).hexdigest()
        return leaks(secret, self.shown)

    def __str__(self) -> str:
        """Tell it without what was shown, which may be a secret."""
        return f"{'something' if self.shown else 'nothing'} was used; answered {self.answer}"


@dataclass(frozen=True)
class VaultDesk:
    """Stores, uses and deletes. ``downstream`` is there where it shows what is used."""

    wire: Wire
    redactor: Redactor
    downstream: Downstream | None

    def new_secret(self) -> str:
        """Return a secret that was never used, which no report shows."""
        secret = f"vs-{secrets.token_hex(_SECRET_BYTES)}"
        learn(self.redactor, secret, "a secret of the judge's")
        return secret

    def store(self, tenant: TenantKeys, secret: str | None = None) -> Stored:
        """Store a secret, a new one unless it is told. NotEstablishedError where it is refused."""
        act = supplied(self.wire.target.vault.store)
        secret = secret or self.new_secret()
        answer = self._act(act, tenant, {"secret": secret})
        establish(_was_done(act, answer), f"a secret is stored (got {answer})")
        found = found_at(_told(act, answer), act.reference)
        is_told = isinstance(found, str | int) and bool(str(found))
        establish(is_told, f"the answer has {act.reference}, of [vault.store] (got {answer})")
        return Stored(tenant, secret, str(found), answer)

    @contextmanager
    def kept(self, tenant: TenantKeys, secret: str | None = None) -> Generator[Stored]:
        """Store a secret, and delete it at the end. What was stored has still to be seen."""
        found = self.store(tenant, secret)
        try:
            yield found
        finally:
            self.delete(found)

    @contextmanager
    def stored(self, tenant: TenantKeys) -> Generator[Stored]:
        """Store a secret, see it used, and delete it at the end."""
        with self.kept(tenant) as found:
            self.require_used(found)
            yield found

    def delete(self, stored: Stored, by: TenantKeys | None = None) -> Answer:
        """Delete a secret, or try to as another tenant."""
        act = supplied(self.wire.target.vault.delete)
        return self._act(act, by or stored.tenant, {"reference": stored.reference})

    def require_deleted(self, stored: Stored) -> None:
        """Delete a secret. NotEstablishedError where that is refused."""
        answer = self.delete(stored)
        was_done = _was_done(supplied(self.wire.target.vault.delete), answer)
        establish(was_done, f"a secret is deleted (got {answer})")

    def use(self, tenant: TenantKeys, reference: str = "") -> Use:
        """Have a tenant's secret used."""
        act = supplied(self.wire.target.vault.use)
        word = own_word()
        answer = self._act(act, tenant, {"unique": word, "reference": reference})
        if place := act.value or act.digest:
            found = found_at(_told(act, answer), place) if _was_done(act, answer) else None
            return Use(answer, "" if found is None else str(found), act.value is None)
        if self.downstream is None:
            raise NotAssessedError(
                "what is used is not seen: supply [vault.use] value or digest, or "
                "[world.downstream]"
            )
        was_done = _was_done(act, answer)
        calls = self.downstream.arrived(word) if was_done else self.downstream.calls(word)
        return Use(answer, "\n".join(call.text for call in calls))

    def require_used(self, stored: Stored, when: str = "") -> None:
        """Have a stored secret used. NotEstablishedError where it is not that which is used."""
        use = self.use(stored.tenant, stored.reference)
        establish(use.shows(stored.secret), f"a stored secret is used{when} ({use})")

    def _act(self, act: VaultAct, tenant: TenantKeys, filled: dict[str, str]) -> Answer:
        if act.tool is not None:
            arguments = with_filled_in(act.arguments, filled)
            return self.wire.call_tool(act.tool, arguments, key=tenant.active)
        return self.wire.send(described(supplied(act.request), filled), key=tenant.active)


def _was_done(act: VaultAct, answer: Answer) -> bool:
    return answer.succeeded if act.tool is not None else is_done(answer)


def _told(act: VaultAct, answer: Answer) -> object:
    return answer.data if act.tool is not None else answer.entries
