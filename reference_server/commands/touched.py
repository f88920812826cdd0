"""What an identity touched, as lines of JSON, the newest first: what is asked after an incident."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING
from uuid import UUID

from reference_server.commands.command_line import add_database_options
from reference_server.db.questions import MOST_ROWS, USUAL_ROWS, Touching

if TYPE_CHECKING:
    import argparse

    from reference_server.audit.touched import Row


def add_touched_options(parser: argparse.ArgumentParser) -> None:
    """Add whom is asked about, and which page of it is shown."""
    add_database_options(parser)
    parser.add_argument(
        "kind", type=Touching, choices=list(Touching), metavar="KIND", help=", ".join(Touching)
    )
    parser.add_argument(
        "value", help="its id, as the trail has it: of a token its jti; of a subject its name"
    )
    parser.add_argument("--tenant", type=UUID, help="whose subject it is; for a subject alone")
    rows = f"of a page, 1 to {MOST_ROWS} (default {USUAL_ROWS})"
    parser.add_argument("--rows", type=int, default=USUAL_ROWS, help=rows)
    parser.add_argument(
        "--before", metavar="PLACE", help="the next page: the place that the one before ended with"
    )


def tell_touched(arguments: argparse.Namespace) -> int:
    """Write a page; return the exit code.

    ConfigurationError for what cannot be asked, DatabaseNotReadyError when the database refuses.
    """
    from reference_server.audit.touched import Identity, Place
    from reference_server.commands.operations import touched_by

    identity = Identity(arguments.kind, arguments.value, arguments.tenant)
    before = None if arguments.before is None else Place.parse(arguments.before)
    page = touched_by(arguments.database, arguments.secrets, identity, before, arguments.rows)
    for row in page.rows:
        sys.stdout.write(_line(row) + "\n")
    if page.before is not None:
        sys.stdout.write(json.dumps({"more": {"before": str(page.before)}}) + "\n")
    return 0


def _line(row: Row) -> str:
    told = {
        "id": row.place.position,
        "time": row.place.moment.isoformat(),
        "event": row.event,
        "outcome": row.outcome,
        "tenant": row.tenant and str(row.tenant),
        "key": row.key and str(row.key),
        "address": row.address,
        "request": row.request,
        "metadata": row.metadata,
    }
    return json.dumps(told)
