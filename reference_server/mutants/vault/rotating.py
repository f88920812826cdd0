"""Rotations after which secrets are lost, or wrapped as before."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from reference_server.mutants.bending import mutant
from reference_server.mutants.vault._bending import sealed_by
from reference_server.vault.envelope import PostgresSecrets
from reference_server.vault.kms import KeyEncryptionKey, KeyFolder, LocalKms

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.vault.contracts import Context

HASTY = "reference_server.mutants.vault.hasty"
"""The program of a rotation that wraps nothing anew."""


@dataclass(frozen=True)
class _Remembering(KeyFolder):
    """Reads each key once."""

    known: dict[str, KeyEncryptionKey] = field(default_factory=dict[str, KeyEncryptionKey])

    @property
    def current(self) -> KeyEncryptionKey:
        """The key that was the current one when it was first asked for."""
        return self.known.setdefault("current", super().current)


@dataclass(frozen=True)
class _KeysReadOnce(PostgresSecrets):
    def __post_init__(self) -> None:
        kms = cast("LocalKms", self.kms)
        object.__setattr__(self, "kms", LocalKms(_Remembering(kms.keys.folder)))


@dataclass(frozen=True)
class _WrongName(LocalKms):
    """Names the key that was current when the process began, whichever has wrapped."""

    first: str = ""

    def wrap(self, plain: bytes, context: Context) -> Any:
        """Wrap under the current key, and name another."""
        return replace(super().wrap(plain, context), key_id=self.first)


@dataclass(frozen=True)
class _Misnaming(PostgresSecrets):
    def __post_init__(self) -> None:
        kms = cast("LocalKms", self.kms)
        object.__setattr__(self, "kms", _WrongName(kms.keys, kms.current_id))


def _rotating_by(change: Callable[[list[str]], list[str]]) -> Callable[[dict[str, Any]], Any]:
    """Return a change of the state file, whose command of a rotation is another one."""

    def bend(state: dict[str, Any]) -> dict[str, Any]:
        vault = state["vault"]
        return {**state, "vault": {**vault, "rotate": change(vault["rotate"])}}

    return bend


def _for_show(words: list[str]) -> list[str]:
    del words
    return [sys.executable, "-c", "print('rotated')"]


def _hasty(words: list[str]) -> list[str]:
    return [sys.executable, "-m", HASTY, words[words.index("--server-secrets") + 1]]


MUTANTS = (
    mutant(
        "vault-keys-read-once",
        "VAULT-07",
        "A running server does not see that the key-encryption key is another one.",
        parts=sealed_by(_KeysReadOnce),
    ),
    mutant(
        "vault-key-misnamed",
        "VAULT-07",
        "What is stored after a rotation names the key from before it.",
        parts=sealed_by(_Misnaming),
    ),
    mutant(
        "vault-rotation-for-show",
        "VAULT-07",
        "A rotation says that it is done, and changes nothing.",
        state=_rotating_by(_for_show),
    ),
    mutant(
        "vault-rotation-in-haste",
        "VAULT-07",
        "A rotation removes the former key, and wraps nothing anew.",
        state=_rotating_by(_hasty),
    ),
)
