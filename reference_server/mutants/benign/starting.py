"""Other ways to start that every clause permits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reference_server.core.vocabulary import SecretMode
from reference_server.mutants.benign.edge import benign

if TYPE_CHECKING:
    from reference_server.core.settings import Settings


def _strict(settings: Settings) -> Settings:
    return replace(settings, secret_mode=SecretMode.STRICT)


VARIANTS = (
    benign(
        "open-secrets-always-refused",
        "A secret's file that others can read is refused, whatever the mode.",
        settings=_strict,
        touches=frozenset({"BOOT-04"}),
    ),
)
