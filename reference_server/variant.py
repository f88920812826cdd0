"""What may differ between the server and a deliberately defective one, without it knowing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from reference_server.core.secrets import load_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sqlalchemy import Engine

    from reference_server.core.settings import Settings
    from reference_server.core.vocabulary import SecretName
    from reference_server.parts import Parts

Value = TypeVar("Value")


def identity(value: Value) -> Value:
    """Return the value: what a variant does to all that it leaves alone."""
    return value


def check_ready(engine: Engine) -> None:
    """Do what ``db.engine.check_ready`` does, imported only when a database is there to ask."""
    from reference_server.db.engine import check_ready as check

    check(engine)


@dataclass(frozen=True, kw_only=True)
class Variant:
    """The places where start-up can be bent from outside; by default nothing is.

    ``sql`` runs as the bootstrap superuser after the policies, and only in a demo. ``state`` edits
    the demo's state file.
    """

    parts: Callable[[Parts], Parts] = identity
    sql: tuple[str, ...] = ()
    settings: Callable[[Settings], Settings] = identity
    state: Callable[[dict[str, Any]], dict[str, Any]] = identity
    load_secrets: Callable[[Path], Mapping[SecretName, bytes]] = load_secrets
    check_ready: Callable[[Engine], None] = check_ready

    @property
    def serve_words(self) -> tuple[str, ...]:
        """The words after ``python -m`` that serve this variant in production's shape."""
        return ("reference_server", "serve")


HEALTHY = Variant()
