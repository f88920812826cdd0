"""A rotation in haste, as ``python -m``: a new key, and the former ones gone at once."""

from __future__ import annotations

import sys
from pathlib import Path

from reference_server.vault.kms import KeyFolder

MUTANTS = ()


def main(folder: Path) -> None:
    """Rotate the key of a secrets folder."""
    keys = KeyFolder(folder)
    keys.begin_rotation()
    for key_id in keys.former_ids():
        (folder / f"CREDENTIAL_KEK.{key_id}").unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
