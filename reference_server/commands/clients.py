"""OAuth clients that an operator registers, and removes."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from reference_server.commands.command_line import add_database_options

if TYPE_CHECKING:
    import argparse

PROOFS = {"none": "none", "basic": "client_secret_basic", "post": "client_secret_post"}


def add_client_options(parser: argparse.ArgumentParser) -> None:
    """Add what ``register-client`` takes."""
    add_database_options(parser)
    parser.add_argument("name", help="what its users are told that it is called")
    parser.add_argument(
        "--redirect-uri",
        dest="redirect_uris",
        action="append",
        required=True,
        metavar="URI",
        help="where an answer may go, to the letter: https, or http at 127.0.0.1, [::1] or "
        "localhost, of which any port will do; as often as needed",
    )
    parser.add_argument(
        "--secret",
        choices=list(PROOFS),
        default="none",
        help="how it proves itself: by none, as a program on users' machines, or by a secret that "
        "is printed once, sent by Basic authentication or in the body (default none)",
    )


def add_removal_options(parser: argparse.ArgumentParser) -> None:
    """Add what ``remove-client`` takes."""
    add_database_options(parser)
    parser.add_argument("client", help="its id: what it was registered as, or its document's URL")


def register_client(arguments: argparse.Namespace) -> int:
    """Register a client and print what it needs; return the exit code. Errors as in operations."""
    from reference_server.commands.operations import registrar
    from reference_server.oauth.registrar import Proof

    with registrar(arguments.database, arguments.secrets) as clients:
        proof = Proof(PROOFS[arguments.secret])
        new = clients.add(arguments.name, arguments.redirect_uris, proof)
    told = {"clientId": new.id} | ({"clientSecret": new.secret} if new.secret else {})
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


def remove_client(arguments: argparse.Namespace) -> int:
    """Remove a client with all that was granted to it; return the exit code."""
    from reference_server.commands.operations import registrar

    with registrar(arguments.database, arguments.secrets) as clients:
        ended = clients.remove(arguments.client)
    sys.stdout.write(f"removed; grants that have ended: {ended}\n")
    return 0
