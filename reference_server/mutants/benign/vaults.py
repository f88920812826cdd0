"""Other ways to keep tenants' secrets, each as good as ours."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from reference_server.mutants.benign.edge import benign
from reference_server.mutants.vault._bending import sealed_by
from reference_server.vault.contracts import VaultError
from reference_server.vault.envelope import PostgresSecrets, Sealed
from reference_server.vault.kms import NONCE_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    from reference_server.core.settings import Settings
    from reference_server.vault.contracts import Context

_VAULT = frozenset(f"VAULT-0{number}" for number in range(1, 8))
_IN_ROWS = "VAULT-02 VAULT-03 VAULT-04 VAULT-05 VAULT-07"
"""What is judged in part, or in whole, by rows of the database."""
_BLOCK = 64


def _folder(secrets_dir: Path) -> Path:
    return secrets_dir.parent / "vault"


def _in_files(settings: Settings) -> Settings:
    if settings.vault_folder is not None:
        return settings
    return replace(settings, vault_folder=_folder(settings.secrets_dir))


def _told_of_files(state: dict[str, Any]) -> dict[str, Any]:
    """Have a rotation encrypt the files anew as well."""
    from pathlib import Path

    folder = _folder(Path(state["launch"]["secrets_dir"]))
    words = [*state["vault"]["rotate"], "--vault-folder", str(folder)]
    return {**state, "vault": {**state["vault"], "rotate": words}}


@dataclass(frozen=True)
class _OtherCipher(PostgresSecrets):
    """Seals by ChaCha20-Poly1305 (RFC 8439), a version before the ciphertext."""

    def seal(self, plain: bytes, context: Context) -> Sealed:
        key, nonce = self.kms.generate(context), os.urandom(NONCE_BYTES)
        sealed = ChaCha20Poly1305(key.plain).encrypt(nonce, plain, context.authenticated)
        return Sealed(key.wrapped, nonce, b"\x02" + sealed)

    def open(self, sealed: Sealed, context: Context) -> bytes:
        key = self.kms.unwrap(sealed.key, context)
        version, body = sealed.ciphertext[:1], sealed.ciphertext[1:]
        try:
            plain = ChaCha20Poly1305(key).decrypt(sealed.nonce, body, context.authenticated)
        except InvalidTag as error:
            raise VaultError("A secret of the vault cannot be opened.") from error
        if version != b"\x02":
            raise VaultError("A secret of the vault has another version.")
        return plain


@dataclass(frozen=True)
class _Padded(PostgresSecrets):
    """Hides how long a secret is."""

    def seal(self, plain: bytes, context: Context) -> Sealed:
        padded = plain + b"\x80" + bytes(-(len(plain) + 1) % _BLOCK)
        return super().seal(padded, context)

    def open(self, sealed: Sealed, context: Context) -> bytes:
        return super().open(sealed, context).rstrip(b"\0")[:-1]


@dataclass(frozen=True)
class _BoundByTheKey(PostgresSecrets):
    """Leaves whose a secret is to the wrapped key, without which nothing is opened."""

    def seal(self, plain: bytes, context: Context) -> Sealed:
        key, nonce = self.kms.generate(context), os.urandom(NONCE_BYTES)
        return Sealed(key.wrapped, nonce, AESGCM(key.plain).encrypt(nonce, plain, None))

    def open(self, sealed: Sealed, context: Context) -> bytes:
        key = self.kms.unwrap(sealed.key, context)
        try:
            return AESGCM(key).decrypt(sealed.nonce, sealed.ciphertext, None)
        except InvalidTag as error:
            raise VaultError("A secret of the vault cannot be opened.") from error


VARIANTS = (
    benign(
        "secrets-in-files",
        "Secrets lie in files, and the database has references to them alone.",
        settings=_in_files,
        state=_told_of_files,
        lacks=_IN_ROWS,
        touches=_VAULT,
    ),
    benign(
        "secrets-under-another-cipher",
        "Secrets are sealed by ChaCha20-Poly1305, behind a version.",
        parts=sealed_by(_OtherCipher),
        touches=_VAULT,
    ),
    benign(
        "secrets-padded",
        "Ciphertexts do not tell how long a secret is.",
        parts=sealed_by(_Padded),
        touches=_VAULT,
    ),
    benign(
        "secrets-bound-by-their-keys",
        "Whose a secret is stands in the context of its wrapped key alone.",
        parts=sealed_by(_BoundByTheKey),
        touches=_VAULT,
    ),
)
