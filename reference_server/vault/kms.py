"""A key management of our own: key-encryption keys in files of the secrets folder.

``CREDENTIAL_KEK`` is the current one, ``CREDENTIAL_KEK.ID`` are former ones that something may
still be wrapped under. A file is read when its key is needed, so that a rotation counts at once,
in every process and without a restart.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from reference_server.core.errors import ConfigurationError
from reference_server.core.secrets import SIGNING_BYTES, read_secret
from reference_server.core.vocabulary import SecretName
from reference_server.vault.contracts import KEY_BYTES, DataKey, VaultError, WrappedKey
from reference_server.vault.writing import replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from reference_server.vault.contracts import Context

NONCE_BYTES = 12
"""What AES-GCM takes without hashing it first (NIST SP 800-38D section 5.2.1.1)."""
_ID = re.compile(r"[0-9a-f]{16}")
_UNFINISHED = f"{SecretName.CREDENTIAL_KEK}-rotation"


@dataclass(frozen=True)
class KeyEncryptionKey:
    """A key-encryption key, from which one is derived for each purpose (RFC 5869)."""

    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """What it goes by beside what it wraps: 16 hexadecimal digits, of its digest."""
        return hashlib.sha256(b"hallmark key id" + self.secret).hexdigest()[:16]

    def derived(self, purpose: bytes) -> bytes:
        """Return 32 bytes for one purpose."""
        return _derived(self.secret, purpose)


@cache
def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"hallmark vault " + purpose).derive(secret)


@dataclass(frozen=True)
class KeyFolder:
    """The key-encryption keys of a secrets folder. VaultError where a file cannot be used."""

    folder: Path

    @property
    def current(self) -> KeyEncryptionKey:
        """The key that is used for what is new."""
        return self._read(SecretName.CREDENTIAL_KEK)

    def find(self, key_id: str) -> KeyEncryptionKey:
        """Return a key by its id."""
        current = self.current
        if current.id == key_id:
            return current
        if not _ID.fullmatch(key_id):
            raise VaultError("A secret names no key of ours.")
        found = self._read(self._former(key_id))
        if found.id != key_id:
            raise VaultError(f"The key {self._former(key_id)} is not the one of its name.")
        return found

    def all(self) -> list[KeyEncryptionKey]:
        """Return the current key and, after it, all former ones that can be had."""
        found = [self.current]
        for key_id in self.former_ids():
            with suppress(VaultError):  # a rotation may just have ended, and removed it
                found.append(self.find(key_id))
        return found

    def former_ids(self) -> list[str]:
        """Return the ids of former keys, the oldest first."""
        dated = list[tuple[int, str]]()
        for one in self.folder.glob(self._former("*")):
            key_id = one.suffix[1:]
            if _ID.fullmatch(key_id):
                with suppress(FileNotFoundError):
                    dated.append((one.stat().st_mtime_ns, key_id))
        return [key_id for _, key_id in sorted(dated)]

    @property
    def is_rotating(self) -> bool:
        """Whether a rotation has begun and not ended."""
        return (self.folder / _UNFINISHED).exists()

    def begin_rotation(self) -> None:
        """Make a new key the current one; at no moment is one of the two not to be had."""
        former = self.current
        replace_file(self.folder / self._former(former.id), former.secret)
        replace_file(self.folder / SecretName.CREDENTIAL_KEK, b64encode(secrets.token_bytes(32)))
        replace_file(self.folder / _UNFINISHED, former.id.encode())

    def end_rotation(self) -> None:
        """Remove the former keys but for the newest: who was about to use that may have it yet."""
        for key_id in self.former_ids()[:-1]:
            (self.folder / self._former(key_id)).unlink()
        (self.folder / _UNFINISHED).unlink(missing_ok=True)

    def _former(self, key_id: str) -> str:
        return f"{SecretName.CREDENTIAL_KEK}.{key_id}"

    def _read(self, name: str) -> KeyEncryptionKey:
        try:
            return KeyEncryptionKey(read_secret(self.folder, name, minimum=SIGNING_BYTES))
        except ConfigurationError as error:
            raise VaultError(f"A key of the vault is not to be had: {error}") from error


@dataclass(frozen=True)
class LocalKms:
    """Wraps data keys by AES-256-GCM, the context being authenticated with them."""

    keys: KeyFolder

    @property
    def current_id(self) -> str:
        """The key that data keys are wrapped under now."""
        return self.keys.current.id

    def generate(self, context: Context) -> DataKey:
        """Return a new data key for one context."""
        plain = AESGCM.generate_key(KEY_BYTES * 8)
        return DataKey(plain, self.wrap(plain, context))

    def wrap(self, plain: bytes, context: Context) -> WrappedKey:
        """Return a data key wrapped under the current key, its nonce before it."""
        key, nonce = self.keys.current, os.urandom(NONCE_BYTES)
        sealed = AESGCM(key.derived(b"wrapping")).encrypt(nonce, plain, context.authenticated)
        return WrappedKey(key.id, nonce + sealed)

    def unwrap(self, key: WrappedKey, context: Context) -> bytes:
        """Return a data key; VaultError where anything is not as it was wrapped."""
        kek = self.keys.find(key.key_id)
        nonce, sealed = key.wrapped[:NONCE_BYTES], key.wrapped[NONCE_BYTES:]
        try:
            return AESGCM(kek.derived(b"wrapping")).decrypt(nonce, sealed, context.authenticated)
        except (InvalidTag, ValueError) as error:
            raise VaultError("A data key of the vault cannot be unwrapped.") from error
