"""Commands that the state file has: what starts the server again, and what its operator runs."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reference_server.core.settings import Limits
from reference_server.core.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reference_server.demo.database import DemoDatabase
    from reference_server.variant import Variant


def several_workers(redis: str | None) -> list[str]:
    """Return what to add to the launch command for two workers; nothing where they cannot be."""
    return [] if redis is None else ["--workers", "2", "--redis", redis]


def operator_command(command: str, database: str, directory: Path) -> list[str]:
    """Return an operator's command on a database, with the secrets of a folder."""
    options = ["--secrets", str(directory), "--database", database]
    return [sys.executable, "-m", "reference_server", command, *options]


def serve_command(variant: Variant, limits: Limits, database: str) -> list[str]:
    """Return what starts production on a database; the judge fills in what stands in braces."""
    options = ["--secrets", "{secrets}", "--database", database, "--port", "{port}"]
    usual = dataclasses.asdict(Limits())
    for name, number in dataclasses.asdict(limits).items():
        if number != usual[name]:
            options += ["--limit", f"{name}={number}"]
    return [sys.executable, "-m", *variant.serve_words, *options]


def tapped(database: str) -> str:
    """Return a database's URL with a place for the address by which it is reached instead."""
    return urlsplit(database)._replace(netloc=f"{Role.APP}@{{tap}}").geturl()


def unusable_databases(
    command: Callable[[str], list[str]], database: DemoDatabase
) -> dict[str, list[str]]:
    """Return the launch command against a database that is not there, and against an empty one."""
    absent = dataclasses.replace(database, name="absent")
    empty = dataclasses.replace(database, name="postgres")
    return {
        "absent": command(absent.url(Role.APP)),
        "unmigrated": command(empty.url(Role.APP)),
    }
