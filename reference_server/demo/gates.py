"""The gates of this repository's CI, as commands that a judge may try on fixtures of its own."""

from __future__ import annotations

import sys
from importlib.util import find_spec

_RUFF = ("-m", "ruff", "check", "--isolated", "--no-cache", "--select")


def gates() -> dict[str, list[str]]:
    """Return the commands by name; one whose program is not installed is empty.

    ``lint`` has the one rule that finds SQL glued together from strings. ``security_lint`` has all
    of Bandit's: ruff's S rules are those, under Bandit's own numbers. Both take a path.
    """
    return {
        "lint": [sys.executable, *_RUFF, "S608"],
        "security_lint": [sys.executable, *_RUFF, "S"],
        "audit": _audit() if find_spec("pip_audit") else [],
    }


def _audit() -> list[str]:
    """Return the audit of dependencies; the judge fills in which ones, and whom to ask."""
    return [
        sys.executable,
        "-m",
        "pip_audit",
        "--requirement={requirements}",
        "--no-deps",
        "--disable-pip",
        "--progress-spinner=off",
        "--vulnerability-service=osv",
        "--osv-url={advisories}",
    ]
