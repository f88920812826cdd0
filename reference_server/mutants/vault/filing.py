"""Secrets in files that are written or sealed badly."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING

from reference_server.mutants.bending import mutant
from reference_server.mutants.vault._bending import backed
from reference_server.vault.contracts import Context, VaultError
from reference_server.vault.files import PREFIX, FileSecrets

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from reference_server.mutants.vault._bending import Change
    from reference_server.vault.contracts import SecretsBackend


def _filed_by(kind: type[FileSecrets]) -> Change:
    """Return a change of parts that keeps files in another way, where files are kept."""

    def make(real: SecretsBackend) -> SecretsBackend:
        return kind(real.folder, real.keys) if isinstance(real, FileSecrets) else real

    return backed(make)


@dataclass(frozen=True)
class _Readable(FileSecrets):
    def write(self, path: Path, token: bytes) -> None:
        super().write(path, token)
        path.chmod(0o644)


@dataclass(frozen=True)
class _Overwriting(FileSecrets):
    """Has one file for all secrets of an organization's, and writes over it."""

    def store_secret(self, org: UUID, value: str) -> str:
        known = list((self.folder / str(org)).glob("*"))
        if not known:
            return super().store_secret(org, value)
        reference = f"{PREFIX}{known[0].name}"
        known[0].write_bytes(self.seal(value, Context(str(org), reference)))
        return reference


@dataclass(frozen=True)
class _Encoded(FileSecrets):
    """Takes base64 for encryption; a digest behind it has changes noticed."""

    def seal(self, value: str, context: Context) -> bytes:
        told = b64encode(value.encode())
        return told + b"." + _digest(told, context)

    def open(self, token: bytes, context: Context) -> str:
        told, _, digest = token.partition(b".")
        if digest != _digest(told, context):
            raise VaultError("A secret of the vault cannot be opened.")
        return b64decode(told).decode()


def _digest(told: bytes, context: Context) -> bytes:
    return hashlib.sha256(told + context.authenticated).hexdigest().encode()


@dataclass(frozen=True)
class _Unauthenticated(FileSecrets):
    """Hides a secret under its key, and takes whatever it finds for one."""

    def seal(self, value: str, context: Context) -> bytes:
        return self._hidden(value.encode(), context)

    def open(self, token: bytes, context: Context) -> str:
        return self._hidden(token, context).decode("ascii", "replace").replace("\ufffd", "?")

    def _hidden(self, text: bytes, context: Context) -> bytes:
        key = hashlib.sha512(self.keys.current.derived(b"files") + context.authenticated).digest()
        return bytes(a ^ b for a, b in zip(text, cycle(key), strict=False))


@dataclass(frozen=True)
class _Leaving(FileSecrets):
    """Writes a secret to a file beside it first, and forgets that."""

    def store_secret(self, org: UUID, value: str) -> str:
        own = self.folder / str(org)
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = own / "draft.json"
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(json.dumps({"value": value}), "utf-8")
        return super().store_secret(org, value)


MUTANTS = (
    mutant(
        "vault-files-for-all-to-read",
        "VAULT-06",
        "Files of secrets can be read by every account of the machine.",
        parts=_filed_by(_Readable),
    ),
    mutant(
        "vault-files-written-over",
        "VAULT-06",
        "A newer secret is written over the former one's file.",
        parts=_filed_by(_Overwriting),
    ),
    mutant(
        "vault-files-encoded",
        "VAULT-06",
        "Files hold secrets as base64, with a digest that anybody can make.",
        parts=_filed_by(_Encoded),
    ),
    mutant(
        "vault-files-unauthenticated",
        "VAULT-06",
        "Files are opened whatever they hold.",
        parts=_filed_by(_Unauthenticated),
    ),
    mutant(
        "vault-files-drafted",
        "VAULT-06",
        "What was written on the way to a sealed file is left beside it.",
        parts=_filed_by(_Leaving),
    ),
)
