"""The gates of this repository's CI, as commands that a judge may try on fixtures of its own."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

_RUFF = ("-m", "ruff", "check", "--isolated", "--no-cache", "--select")


_PULL_REQUEST = Path(__file__).parents[2] / ".github" / "pull_request.py"
_BODY = """\
## What and why

The limit of an address is exact again under concurrency.

## Reviews

- security: looked for a way around the limit by header and by path; found none.
- correctness: the window moves; the sum of two halves cannot exceed it.

## Test plan

- [x] `tox run -e lint,tests`
- [x] the new check fails on its mutant and passes on the server
"""


def gates() -> dict[str, list[str] | str]:
    """Return the commands by name; one whose program is not installed is empty.

    ``pull_request`` checks the body of a pull request; ``pull_request_body`` is one that passes.

    ``lint`` has the one rule that finds SQL glued together from strings. ``security_lint`` has all
    of Bandit's: ruff's S rules are those, under Bandit's own numbers. Both take a path.
    """
    return {
        "lint": [sys.executable, *_RUFF, "S608"],
        "security_lint": [sys.executable, *_RUFF, "S"],
        "audit": _audit() if find_spec("pip_audit") else [],
        "pull_request": _pull_request() if _PULL_REQUEST.is_file() else [],
        "pull_request_body": _BODY,
    }


def _pull_request() -> list[str]:
    return [sys.executable, str(_PULL_REQUEST), "{body}"]


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
