"""The command `rotate-vault-key`: a new key-encryption key, and all secrets wrapped under it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from reference_server.commands.command_line import add_database_options

if TYPE_CHECKING:
    import argparse

EXIT_UNOPENED = 1
"""What it ends with where something could not be opened, and was left as it was."""


def add_rotation_options(parser: argparse.ArgumentParser) -> None:
    """Add where the database, the owner's password, the keys and the files are."""
    add_database_options(parser)
    parser.add_argument(
        "--server-secrets",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="the secrets directory of the server, whose CREDENTIAL_KEK is replaced",
    )
    parser.add_argument(
        "--vault-folder",
        type=Path,
        metavar="FOLDER",
        help="what serve was given as --vault-folder: its files are encrypted anew as well",
    )


def rotate_vault_key(arguments: argparse.Namespace) -> int:
    """Rotate, or go on with a rotation that was broken off; tell what was done."""
    from reference_server.commands.operations import as_owner
    from reference_server.core.errors import ConfigurationError
    from reference_server.vault.contracts import VaultError
    from reference_server.vault.files import FileSecrets
    from reference_server.vault.kms import KeyFolder, LocalKms
    from reference_server.vault.rotation import rotate

    keys = KeyFolder(arguments.server_secrets)
    folder = arguments.vault_folder
    files = None if folder is None else FileSecrets(folder, keys)
    try:
        with as_owner(arguments.database, arguments.secrets) as engine:
            done = rotate(keys, LocalKms(keys), engine, files)
    except VaultError as error:
        raise ConfigurationError(str(error)) from error
    for one in done.unopened:
        sys.stdout.write(f"left as it is, since no key opens it: {one}\n")
    sys.stdout.write(f"rotated: key {keys.current.id}, secrets wrapped anew: {done.rows}\n")
    return EXIT_UNOPENED if done.unopened else 0
