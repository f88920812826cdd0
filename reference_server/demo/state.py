"""The state file: all that a profile needs to judge the running demo, secrets included."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from reference_server.core.errors import ConfigurationError


def check_writable(path: Path) -> None:
    """Return when the state file can be written; ConfigurationError before anything is started."""
    if path.is_dir():
        raise ConfigurationError(f"The state file {path} is a directory: name a file in it.")
    if not os.access(path.absolute().parent, os.W_OK | os.X_OK):
        raise ConfigurationError(
            f"The state file {path} cannot be written: its directory must exist and be writable."
        )


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Write the file with mode 0600, whole or not at all."""
    # mkstemp makes it private from the first byte on.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.absolute().parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(state, file, indent=2)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def remove_state(path: Path, folder: Path) -> None:
    """Remove the file if it tells of the demo in that folder, and not of one that came after it."""
    with contextlib.suppress(FileNotFoundError):
        if folder.name in path.read_text("utf-8", "replace"):
            path.unlink()
