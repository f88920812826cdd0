"""Secrets that are sealed badly in the database, or opened where they should not be."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reference_server.core.vocabulary import Outcome
from reference_server.mutants.bending import bent_trail, mutant
from reference_server.mutants.vault._bending import BesideBackend, backed, sealed_by
from reference_server.vault.contracts import Context, DataKey, VaultError, WrappedKey
from reference_server.vault.envelope import PostgresSecrets, Sealed
from reference_server.vault.kms import NONCE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from reference_server.audit.contracts import AuditEvent


@dataclass(frozen=True)
class _OneKey(PostgresSecrets):
    """Asks the key management once, and goes on with that data key."""

    kept: dict[str, DataKey] = field(default_factory=dict[str, DataKey])

    def seal(self, plain: bytes, context: Context) -> Sealed:
        """Seal under the organization's one key."""
        org = Context(context.org_id, "")
        key = self.kept.setdefault(context.org_id, self.kms.generate(org))
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(key.plain).encrypt(nonce, plain, context.authenticated)
        return Sealed(key.wrapped, nonce, sealed)

    def open(self, sealed: Sealed, context: Context) -> bytes:
        """Open by the organization's key, which is wrapped for no secret in particular."""
        key = self.kms.unwrap(sealed.key, Context(context.org_id, ""))
        try:
            return AESGCM(key).decrypt(sealed.nonce, sealed.ciphertext, context.authenticated)
        except InvalidTag as error:
            raise VaultError("A secret of the vault cannot be opened.") from error


@dataclass(frozen=True)
class _OneKeystream(PostgresSecrets):
    """Has a wrapped key in each row, which seals nothing: one key and one nonce serve all."""

    @cached_property
    def _key(self) -> bytes:
        return AESGCM.generate_key(256)

    def seal(self, plain: bytes, context: Context) -> Sealed:
        """Seal under the one key and nonce; those in the row are for show."""
        nonce = bytes(NONCE_BYTES)
        sealed = AESGCM(self._key).encrypt(nonce, plain, context.authenticated)
        shown = os.urandom(NONCE_BYTES)
        return Sealed(self.kms.generate(context).wrapped, shown, sealed + shown)

    def open(self, sealed: Sealed, context: Context) -> bytes:
        """Open by the one key, if the row is as it was."""
        self.kms.unwrap(sealed.key, context)
        ciphertext, shown = sealed.ciphertext[:-NONCE_BYTES], sealed.ciphertext[-NONCE_BYTES:]
        try:
            plain = AESGCM(self._key).decrypt(bytes(NONCE_BYTES), ciphertext, context.authenticated)
        except InvalidTag as error:
            raise VaultError("A secret of the vault cannot be opened.") from error
        if shown != sealed.nonce:
            raise VaultError("A secret of the vault cannot be opened.")
        return plain


@dataclass(frozen=True)
class _Bare(PostgresSecrets):
    """Stores the data key itself where the wrapped one should be, behind a version of its own."""

    def seal(self, plain: bytes, context: Context) -> Sealed:
        """Seal as usual, and keep the key beside it."""
        key, nonce = self.kms.generate(context), os.urandom(NONCE_BYTES)
        sealed = AESGCM(key.plain).encrypt(nonce, plain, context.authenticated)
        return Sealed(WrappedKey(key.wrapped.key_id, b"v1:" + key.plain), nonce, sealed)

    def open(self, sealed: Sealed, context: Context) -> bytes:
        """Open by the key beside it, under a key management that is there for show."""
        if sealed.key.key_id != self.kms.current_id or not sealed.key.wrapped.startswith(b"v1:"):
            raise VaultError("A data key of the vault cannot be unwrapped.")
        try:
            return AESGCM(sealed.key.wrapped[3:]).decrypt(
                sealed.nonce, sealed.ciphertext, context.authenticated
            )
        except InvalidTag as error:
            raise VaultError("A secret of the vault cannot be opened.") from error


@dataclass(frozen=True)
class _Anybodys(PostgresSecrets):
    """Wraps and seals in a context that says nothing of whose the secret is."""

    def seal(self, plain: bytes, context: Context) -> Sealed:
        """Seal for anybody."""
        del context
        return super().seal(plain, Context("", ""))

    def open(self, sealed: Sealed, context: Context) -> bytes:
        """Open for anybody."""
        del context
        return super().open(sealed, Context("", ""))


_PARTS = 3


@dataclass(frozen=True)
class _OfTheRow(PostgresSecrets):
    """Takes whose a secret is from what lies in the row itself."""

    def seal(self, plain: bytes, context: Context) -> Sealed:
        """Put the context before the ciphertext."""
        sealed = super().seal(plain, context)
        return replace(sealed, ciphertext=_header(context) + sealed.ciphertext)

    def open(self, sealed: Sealed, context: Context) -> bytes:
        """Open in the context that the row says."""
        del context
        told = sealed.ciphertext.split(b"|", 2)
        if len(told) != _PARTS:
            raise VaultError("A secret of the vault cannot be opened.")
        org, reference, ciphertext = told
        own = Context(org.decode("latin-1"), reference.decode("latin-1"))
        return super().open(replace(sealed, ciphertext=ciphertext), own)


def _header(context: Context) -> bytes:
    return f"{context.org_id}|{context.credential_ref}|".encode()


@dataclass(frozen=True)
class _Unauthenticated(PostgresSecrets):
    """Seals by AES in counter mode, which takes any ciphertext for a text."""

    def seal(self, plain: bytes, context: Context) -> Sealed:
        """Seal without a tag."""
        key, nonce = self.kms.generate(context), os.urandom(NONCE_BYTES)
        return Sealed(key.wrapped, nonce, _counted(key.plain, nonce, plain))

    def open(self, sealed: Sealed, context: Context) -> bytes:
        """Return whatever comes out."""
        key = self.kms.unwrap(sealed.key, context)
        found = _counted(key, sealed.nonce, sealed.ciphertext)
        return found.decode("latin-1").encode("ascii", "replace")


def _counted(key: bytes, nonce: bytes, text: bytes) -> bytes:
    mode = modes.CTR(nonce + (2).to_bytes(4, "big"))
    return Cipher(algorithms.AES(key), mode).encryptor().update(text)


@dataclass(frozen=True)
class _Substituting(BesideBackend):
    """Gives a tool a value of no use where a secret cannot be opened."""

    def get_secret(self, org: UUID, credential_ref: str) -> str | None:
        """Return the secret, or what stands for one."""
        try:
            return self.real.get_secret(org, credential_ref)
        except VaultError:
            return "unavailable-credential"


def _unnoticed(event: AuditEvent) -> Iterable[AuditEvent]:
    """Leave out what tells of the tool's failure."""
    is_of_it = (event.metadata or {}).get("tool") == "post_report"
    return () if is_of_it and event.outcome is Outcome.FAILURE else (event,)


MUTANTS = (
    mutant(
        "vault-one-data-key",
        "VAULT-03",
        "All secrets of an organization are under one data key.",
        parts=sealed_by(_OneKey),
    ),
    mutant(
        "vault-one-keystream",
        "VAULT-03",
        "All secrets are sealed under one key and one nonce; what lies beside them is for show.",
        parts=sealed_by(_OneKeystream),
    ),
    mutant(
        "vault-bare-data-key",
        "VAULT-03",
        "The data key lies beside the ciphertext as it is.",
        parts=sealed_by(_Bare),
    ),
    mutant(
        "vault-anybodys-context",
        "VAULT-04",
        "The encryption context does not say whose a secret is.",
        parts=sealed_by(_Anybodys),
    ),
    mutant(
        "vault-context-of-the-row",
        "VAULT-04",
        "Whose a secret is, is taken from the row that holds it.",
        parts=sealed_by(_OfTheRow),
    ),
    mutant(
        "vault-unauthenticated",
        "VAULT-05",
        "Secrets are sealed by a cipher that opens whatever it is given.",
        parts=sealed_by(_Unauthenticated),
    ),
    mutant(
        "vault-substitutes",
        "VAULT-05",
        "Where a secret cannot be opened, a tool is given something else.",
        parts=backed(_Substituting),
    ),
    mutant(
        "vault-unnoticed",
        "VAULT-05",
        "That a secret could not be opened is not audited.",
        parts=bent_trail(_unnoticed),
    ),
)
