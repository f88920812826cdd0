"""The repository channel: runs the lint command of the target's source on a file of ours."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.target import Repository

LINT_SECONDS = 60


class SourceLint:
    """Asks the target's own lint command what it thinks of a source file."""

    def __init__(self, channel: Repository) -> None:
        self._command = channel.lint

    def accepts(self, source: str) -> bool:
        """Tell whether lint passes a module. Raises OSError or TimeoutExpired (inconclusive)."""
        with tempfile.TemporaryDirectory(prefix="hallmark-lint-") as folder:
            path = Path(folder) / "module.py"
            path.write_text(source, encoding="utf-8")
            done = subprocess.run(  # noqa: S603 -- the profile's own command
                [*self._command, str(path)],
                capture_output=True,
                timeout=LINT_SECONDS,
                check=False,
            )
        return done.returncode == 0
