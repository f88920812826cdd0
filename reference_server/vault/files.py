"""Secrets in files: for one machine, where the database holds references alone.

A secret is the Fernet token of a JSON object that also says whose and which it is, in the file
``FOLDER/TENANT/ID`` of mode 0600. Former keys still open what was written under them (MultiFernet).
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from reference_server.core.errors import StorageUnavailableError
from reference_server.core.text import json_object
from reference_server.vault.contracts import Context, VaultError
from reference_server.vault.envelope import identity_in
from reference_server.vault.writing import UNFINISHED, locked, replace_file, sync_folder

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from uuid import UUID

    from reference_server.vault.kms import KeyFolder

PREFIX = "file:"
"""How a reference to one of these begins."""


@dataclass(frozen=True)
class FileSecrets:
    """Keeps each secret in a file of its own."""

    folder: Path
    keys: KeyFolder

    def store_secret(self, org: UUID, value: str) -> str:
        """Write a secret's file; return its reference. StorageUnavailableError where it cannot."""
        identity = uuid4()
        reference = f"{PREFIX}{identity}"
        token = self.seal(value, Context(str(org), reference))
        with _guarded():
            own = self.folder / str(org)
            own.mkdir(mode=0o700, parents=True, exist_ok=True)
            with locked(own):
                self.write(own / str(identity), token)
        return reference

    def get_secret(self, org: UUID, credential_ref: str) -> str | None:
        """Return a secret; None where there is no file, VaultError where it cannot be opened."""
        path = self._path(org, credential_ref)
        if path is None:
            return None
        with _guarded():
            try:
                token = path.read_bytes()
            except FileNotFoundError:
                return None
        return self.open(token, Context(str(org), credential_ref))

    def delete_secret(self, org: UUID, credential_ref: str) -> bool:
        """Remove a secret's file."""
        path = self._path(org, credential_ref)
        if path is None or not path.parent.is_dir():
            return False
        with _guarded(), locked(path.parent):
            is_there = path.exists()
            path.unlink(missing_ok=True)
            sync_folder(path.parent)
        return is_there

    def seal(self, value: str, context: Context) -> bytes:
        """Return a secret's token under the current key."""
        told = {"org_id": context.org_id, "credential_ref": context.credential_ref, "value": value}
        return self._fernet().encrypt(json.dumps(told).encode())

    def open(self, token: bytes, context: Context) -> str:
        """Return a secret; VaultError where its token was changed, or is another secret's."""
        try:
            told = json_object(self._fernet().decrypt(token))
        except InvalidToken as error:
            raise VaultError("A secret of the vault cannot be opened.") from error
        if told is None or Context(told["org_id"], told["credential_ref"]) != context:
            raise VaultError("A secret of the vault is not where it belongs.")
        return str(told["value"])

    def write(self, path: Path, token: bytes) -> None:
        """Write a file in one step."""
        replace_file(path, token)

    def rotate(self) -> list[str]:
        """Write each file that a former key opens under the current one; name what none opens.

        A file lasts, or is replaced, whole: this can be ended at any moment and begun again.
        """
        unopened: list[str] = []
        for own in sorted(self.folder.glob("*/")):
            with locked(own):
                for path in sorted(own.iterdir()):
                    if path.name.endswith(UNFINISHED):
                        path.unlink()  # of a process that was killed; none writes while we lock
                    elif not self._rotated(path):
                        unopened.append(f"{own.name}/{path.name}")
        return unopened

    def _rotated(self, path: Path) -> bool:
        token = path.read_bytes()
        try:
            self._fernets()[0].decrypt(token)
        except InvalidToken:
            try:
                self.write(path, self._fernet().rotate(token))
            except InvalidToken:
                return False
        return True

    def _path(self, org: UUID, credential_ref: str) -> Path | None:
        identity = identity_in(credential_ref, PREFIX)
        return None if identity is None else self.folder / str(org) / str(identity)

    def _fernets(self) -> list[Fernet]:
        return [Fernet(urlsafe_b64encode(key.derived(b"files"))) for key in self.keys.all()]

    def _fernet(self) -> MultiFernet:
        return MultiFernet(self._fernets())


@contextmanager
def _guarded() -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise StorageUnavailableError("the vault's folder cannot be used") from error
