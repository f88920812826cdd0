"""Defects of start-up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reference_server.errors import ConfigurationError
from reference_server.mutants.bending import mutant
from reference_server.services.secrets import load_secrets, read_secret
from reference_server.vocabulary import SecretName

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reference_server.settings import Settings

_FALLBACK = b"change-me-before-you-go-to-production"


def _with_fallback(directory: Path) -> Mapping[SecretName, bytes]:
    found: dict[SecretName, bytes] = {}
    for name in SecretName:
        path = directory / name
        found[name] = path.read_bytes().strip() if path.is_file() else _FALLBACK
    found[SecretName.DB_PASSWORD] = read_secret(directory, SecretName.DB_PASSWORD)
    return found


def _empty_is_fine(directory: Path) -> Mapping[SecretName, bytes]:
    found: dict[SecretName, bytes] = {}
    for name in SecretName:
        try:
            found[name] = (directory / name).read_bytes().rstrip(b"\r\n")
        except OSError as error:
            raise ConfigurationError(f"The secret {name} cannot be read.") from error
    return found


def _telling(directory: Path) -> Mapping[SecretName, bytes]:
    try:
        return load_secrets(directory)
    except ConfigurationError as error:
        known = {path.name: path.read_text() for path in directory.iterdir() if path.is_file()}
        raise ConfigurationError(f"{error} Known so far: {known}") from error


def _not_naming(directory: Path) -> Mapping[SecretName, bytes]:
    try:
        return load_secrets(directory)
    except ConfigurationError as error:
        raise ConfigurationError("The configuration is incomplete.") from error


def _everywhere(settings: Settings) -> Settings:
    return replace(settings, host="0.0.0.0")


MUTANTS = (
    mutant(
        "secret-falls-back-to-a-default",
        "BOOT-01",
        "A missing secret is replaced by a default that everybody can read.",
        load_secrets=_with_fallback,
    ),
    mutant(
        "empty-secret-accepted",
        "BOOT-01",
        "That a secret's file is there is checked, not that anything is in it.",
        load_secrets=_empty_is_fine,
    ),
    mutant(
        "start-error-tells-secrets",
        "BOOT-01",
        "The error at start lists the secrets that could be read.",
        load_secrets=_telling,
    ),
    mutant(
        "start-error-names-nothing",
        "BOOT-01",
        "The error at start does not say which secret is missing.",
        load_secrets=_not_naming,
    ),
    mutant(
        "listens-everywhere",
        "BOOT-05",
        "The server listens on every interface by default.",
        settings=_everywhere,
    ),
)
