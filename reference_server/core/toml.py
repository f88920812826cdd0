"""Reads a TOML file that an operator has written."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from reference_server.core.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


def read_toml(path: Path, what: str, option: str) -> dict[str, Any]:
    """Return what a file holds that is called ``what`` and named by an option.

    ConfigurationError for one that cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ConfigurationError(
            f"The {what} file {path} cannot be read ({reason}): name another by {option}."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"The {what} file {path} is not TOML: {error}.") from None
