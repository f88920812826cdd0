"""VAULT: secrets in files, of one more process that keeps them so."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.requirement import requirement
from conformance.text.tool_credentials import leaks
from conformance.verdicts import establish

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.channels.http.vault import VaultDesk
    from conformance.channels.programs.filing import Filing
    from conformance.forge.keys import Keys

PLACES = 6
"""Parts of a file: a bit is changed between each two of them."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def _at(vault: VaultDesk, filing: Filing) -> VaultDesk:
    """Return the same desk at the process that keeps files."""
    return replace(vault, wire=vault.wire.at(f"{filing.origin}{vault.wire.path}"))


@requirement("VAULT-06")
def test_files_of_secrets_are_private_and_sealed(
    vault: VaultDesk, keys: Keys, filing: Filing
) -> None:
    """Both secrets are used by then, so that they are stored."""
    desk = _at(vault, filing)
    with desk.stored(keys.a) as own, desk.stored(keys.b) as other:
        files = filing.files()
        establish(files, "storing a secret writes a file below the folder")
        for path, content in files.items():
            mode = stat.S_IMODE(path.stat().st_mode)
            assert not mode & _OTHERS, f"others may reach a file of a secret (mode {mode:04o})"
            seen = f"{path}\n{content.decode('latin-1')}"
            is_shown = leaks(own.secret, seen) or leaks(other.secret, seen)
            assert not is_shown, "a file holds a secret that a tenant has stored"


@requirement("VAULT-06")
def test_a_changed_file_is_an_error_and_never_another_secret(
    vault: VaultDesk, keys: Keys, filing: Filing
) -> None:
    """One bit at a time of what was written, put back afterwards.

    A file may have more in it than what is sealed: a date, or the blanks of JSON.
    """
    desk, before = _at(vault, filing), filing.files()
    with desk.stored(keys.a) as own:
        written = {path: held for path, held in filing.files().items() if before.get(path) != held}
        establish(written, "storing a secret writes a file below the folder")
        for path, held in written.items():
            is_read = False
            for at in sorted({len(held) * part // PLACES for part in range(1, PLACES)}):
                path.write_bytes(held[:at] + bytes([held[at] ^ 1]) + held[at + 1 :])
                use = desk.use(keys.a, own.reference)
                path.write_bytes(held)
                if use.shows(own.secret):
                    continue
                is_read = True
                assert not use.shown, f"a tool works with what a changed file holds ({use})"
                assert not use.answer.succeeded, f"a call succeeds with a changed file ({use})"
            establish(is_read, "the server reads the file that was changed")
        desk.require_used(own, " once its file is put back")


@requirement("VAULT-06")
def test_a_file_is_replaced_in_one_step(vault: VaultDesk, keys: Keys, filing: Filing) -> None:
    """A second name of each file, kept by us, still leads to what it held when it was made.

    Whoever writes over a file that is read, or is broken off while he does, leaves half a secret.
    """
    desk = _at(vault, filing)
    with desk.kept(keys.a):
        kept = dict["Path", bytes]()
        for number, (path, held) in enumerate(filing.files().items()):
            link = filing.folder.parent / f"kept-{number}"
            os.link(path, link)
            kept[link] = held
        establish(kept, "storing a secret writes a file below the folder")
        newer = desk.store(keys.a)
        try:
            for link, held in kept.items():
                is_as_it_was = link.read_bytes() == held
                assert is_as_it_was, "a file that holds a secret is written over in its place"
            desk.require_used(newer)
        finally:
            desk.delete(newer)
            for link in kept:
                link.unlink()
