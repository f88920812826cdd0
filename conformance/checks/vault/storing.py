"""VAULT: what is stored of a secret, and what is left of one that is deleted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.model import Channel
from conformance.requirement import requirement
from conformance.text.tool_credentials import leaks
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.vault import VaultDesk
    from conformance.channels.sql.vault import SecretsTable
    from conformance.channels.trail.reader import AuditReader
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target

_BYTES = re.compile(r"\\+x([0-9a-f]{8,})")
"""A column of bytes, as PostgreSQL writes it."""


@requirement("VAULT-01")
def test_no_secret_is_anywhere_in_the_database(
    vault: VaultDesk, keys: Keys, target: Target, auditor: AuditReader
) -> None:
    """Each was used by then, so that it is stored; the dump holds other rows of its tenant.

    Bytes are looked at as they are, and as text that encodes them.
    """
    with vault.stored(keys.a) as own, vault.stored(keys.b) as other:
        use = vault.use(own.tenant, own.reference)
        if sign := use.answer.header(target.headers.request_id):
            auditor.settle(sign)
        dump = auditor.dump()
        seen = f"{dump}\n{_undone(dump)}"
        for label, stored in (("A", own), ("B", other)):
            is_shown = leaks(stored.secret, seen)
            assert not is_shown, f"{auditor.whole} holds the secret that tenant {label} has stored"
        establish(keys.a.tenant_id in dump, "the dump holds the tenant's rows")
        auditor.require_whole()


def _undone(dump: str) -> str:
    """Return the bytes of a dump as text; those that are none stay apart."""
    found = (one[: len(one) // 2 * 2] for one in _BYTES.findall(dump))
    return "\n".join(bytes.fromhex(one).decode("latin-1") for one in found)


@requirement("VAULT-02")
def test_a_stored_secret_is_used_and_a_newer_one_takes_its_place(
    vault: VaultDesk, keys: Keys
) -> None:
    """What is used is seen where it is used, not in what is answered of it."""
    with vault.stored(keys.a) as former:
        told = leaks(former.secret, f"{former.answer.text}\n{former.reference}")
        assert not told, "what storing a secret answers holds the secret"
        newer = vault.store(keys.a)
        use = vault.use(keys.a, newer.reference)
        assert use.shows(newer.secret), f"the newer secret is not used ({use})"
        assert not use.shows(former.secret), "the former secret is used beside the newer one"
        vault.delete(newer)


@requirement("VAULT-02")
def test_a_deleted_secret_is_used_no_more(vault: VaultDesk, keys: Keys) -> None:
    """The same use had shown it before."""
    stored = vault.store(keys.a)
    vault.require_used(stored)
    vault.require_deleted(stored)
    use = vault.use(keys.a, stored.reference)
    assert not use.shows(stored.secret), f"a deleted secret is still used ({use})"
    assert not use.shown, f"a tool works with something else in its place ({use})"


@requirement("VAULT-02", also_needs=(Channel.VAULT_TABLE, Channel.APP_SQL))
def test_nothing_is_left_of_a_deleted_secret(
    vault: VaultDesk, keys: Keys, secrets_table: SecretsTable
) -> None:
    """A row that can still be opened is a secret that somebody may yet bring back."""
    tenant = keys.a.tenant_id
    before = secrets_table.rows(tenant)
    stored = vault.store(keys.a)
    row = secrets_table.new_row(tenant, before)
    vault.require_deleted(stored)
    left = [one.raw("ciphertext") for one in secrets_table.rows(tenant)]
    is_left = row.raw("ciphertext") in left
    assert not is_left, "the row of a deleted secret still holds its ciphertext"


@requirement("VAULT-02")
def test_no_other_tenant_uses_or_deletes_a_secret(vault: VaultDesk, keys: Keys) -> None:
    """The other tenant names the reference that the owner was told."""
    with vault.stored(keys.a) as own:
        use = vault.use(keys.b, own.reference)
        assert not use.shows(own.secret), "another tenant's call works with the secret"
        vault.delete(own, by=keys.b)
        use = vault.use(keys.a, own.reference)
        assert use.shows(own.secret), f"another tenant has deleted the secret ({use})"
