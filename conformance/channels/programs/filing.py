"""One more process of the target, which keeps secrets in files of a folder of the judge's."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Generator

    from conformance.channels.programs.launch import Launcher
    from conformance.profile.vault import VaultFiles


@dataclass(frozen=True)
class Filing:
    """The folder, and the origin at which the process serves."""

    folder: Path
    origin: str

    def files(self) -> dict[Path, bytes]:
        """Return all files, with what they hold."""
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}


@contextmanager
def filing_in_a_folder(launcher: Launcher, files: VaultFiles) -> Generator[Filing]:
    """Have such a process until the block ends; what it wrote is removed then."""
    place = Path(tempfile.mkdtemp(prefix="hallmark-vault-"))
    folder = place / "vault"
    folder.mkdir(mode=0o700)
    more = [word.replace("{folder}", str(folder)) for word in files.words]
    try:
        with launcher.start(more=more) as process:
            serves = process.settle() is None
            establish(serves, f"a process serves with [vault.files] words ({process.ending()})")
            yield Filing(folder, process.url(""))
    finally:
        shutil.rmtree(place, ignore_errors=True)
