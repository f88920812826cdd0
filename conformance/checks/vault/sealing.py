"""VAULT: how the database's rows of secrets are sealed, and what becomes of changed ones."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import combinations
from typing import TYPE_CHECKING

from conformance.analysis.envelope import bare_key, shared_keystream
from conformance.model import Channel
from conformance.profile.events import Outcome
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.vault import Stored, VaultDesk
    from conformance.channels.sql.vault import SealedRow, SecretsTable
    from conformance.channels.trail.reader import AuditReader
    from conformance.channels.trail.row import AuditRow
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.profile.target import Target

PLACES = (0, 2, 4)
"""Where a value is changed: at its beginning, in its middle, at its end."""
_MADE_FOR_IT = {"ciphertext", "nonce", "wrapped key"}
"""Parts of a secret that no row of one can be without."""


def _kept_row(
    vault: VaultDesk, table: SecretsTable, tenant: TenantKeys, stack: ExitStack, secret: str = ""
) -> tuple[Stored, SealedRow]:
    """Store a secret that is deleted in the end; return it with the row that came of it."""
    before = table.rows(tenant.tenant_id)
    stored = stack.enter_context(vault.kept(tenant, secret or None))
    row = table.new_row(tenant.tenant_id, before)
    for what in _MADE_FOR_IT & row.places.keys():
        establish(row.raw(what), f"a stored secret's row has its {what}, of [vault.table]")
    return stored, row


def _used_row(
    vault: VaultDesk, table: SecretsTable, tenant: TenantKeys, stack: ExitStack
) -> tuple[Stored, SealedRow]:
    """Do the same, and see the secret used."""
    stored, row = _kept_row(vault, table, tenant, stack)
    vault.require_used(stored)
    return stored, row


@requirement("VAULT-03")
def test_each_secret_has_a_data_key_of_its_own(
    vault: VaultDesk, keys: Keys, target: Target, secrets_table: SecretsTable
) -> None:
    """One secret three times: what is equal then was not made anew."""
    _require_wrapped_key(target)
    secret, rows = vault.new_secret(), list["SealedRow"]()
    for tenant in (keys.a, keys.a, keys.b):
        with ExitStack() as stack:
            rows.append(_kept_row(vault, secrets_table, tenant, stack, secret)[1])
    for one, other in combinations(rows, 2):
        is_equal = one.raw("ciphertext") == other.raw("ciphertext")
        assert not is_equal, "equal secrets have equal ciphertexts"
        is_shared = one.raw("wrapped key") == other.raw("wrapped key")
        assert not is_shared, "two secrets have one wrapped data key"


@requirement("VAULT-03")
def test_no_two_secrets_are_sealed_by_one_keystream(
    vault: VaultDesk, keys: Keys, secrets_table: SecretsTable
) -> None:
    """Under a key and a nonce that serve twice, two ciphertexts differ as their texts do."""
    pairs = list[tuple[bytes, bytes]]()
    for tenant in (keys.a, keys.a, keys.b):
        with ExitStack() as stack:
            stored, row = _kept_row(vault, secrets_table, tenant, stack)
            pairs.append((stored.secret.encode(), row.raw("ciphertext")))
    for one, other in combinations(pairs, 2):
        is_shared = shared_keystream(one, other)
        assert not is_shared, "two secrets are sealed by one keystream: either opens the other"


@requirement("VAULT-03", also_needs=(Channel.TOKEN_SIGNER,))
def test_no_row_holds_the_key_that_opens_it(
    vault: VaultDesk, keys: Keys, secrets_table: SecretsTable
) -> None:
    """Every part of the row is tried as a key of AES, for the text is known."""
    with ExitStack() as stack:
        stored, row = _kept_row(vault, secrets_table, keys.a, stack)
        values = {what: row.raw(what) for what in row.places}
        found = bare_key(values, stored.secret.encode())
        assert found is None, f"the {found} holds the key that opens the ciphertext beside it"


def _require_wrapped_key(target: Target) -> None:
    table = target.vault.table
    if table is None or not table.wrapped_key:
        raise NotAssessedError("supply [vault.table] wrapped_key: its column", Channel.VAULT_TABLE)


@requirement("VAULT-04")
def test_a_secret_that_is_moved_to_another_tenants_row_is_not_opened(
    vault: VaultDesk, keys: Keys, secrets_table: SecretsTable
) -> None:
    """Both rows are as the server wrote them, before and after: only whose they are differs."""
    with ExitStack() as stack:
        own, row = _used_row(vault, secrets_table, keys.a, stack)
        other, others_row = _used_row(vault, secrets_table, keys.b, stack)
        with secrets_table.changed(keys.b.tenant_id, others_row, row):
            use = vault.use(keys.b, other.reference)
        vault.require_used(other, " once its row is put back")
        is_opened = use.shows(own.secret)
        assert not is_opened, "a tenant's tool works with another tenant's secret"
        establish(not use.shows(other.secret), "the server reads the row that was changed")
        vault.require_used(own)


@requirement("VAULT-05")
def test_a_changed_bit_is_an_error_and_never_another_secret(
    vault: VaultDesk, keys: Keys, secrets_table: SecretsTable
) -> None:
    """One bit at a time, with the secret used before and after it."""
    with ExitStack() as stack:
        stored, row = _used_row(vault, secrets_table, keys.a, stack)
        for what, place, bent in _flips(row):
            with secrets_table.changed(keys.a.tenant_id, row, bent):
                use = vault.use(keys.a, stored.reference)
            if use.shows(stored.secret):
                establish(place != PLACES[0], f"the server reads the {what} that was changed")
                continue
            where = f"with a changed bit in the {what}"
            assert not use.shown, f"{where}, a tool works with what is not the secret ({use})"
            assert not use.answer.succeeded, f"{where}, a call succeeds ({use})"
        vault.require_used(stored, " once its row is put back")


@requirement("VAULT-05", also_needs=(Channel.AUDITOR, Channel.REQUEST_ID))
def test_a_secret_that_cannot_be_opened_is_audited(
    vault: VaultDesk, keys: Keys, target: Target, secrets_table: SecretsTable, auditor: AuditReader
) -> None:
    """The use that succeeds has a row as well, so that the trail tells of uses."""
    with ExitStack() as stack:
        stored, row = _used_row(vault, secrets_table, keys.a, stack)
        bent = row.flipped("ciphertext", PLACES[1])
        establish(bent is not None, "the ciphertext can be changed")
        with secrets_table.changed(keys.a.tenant_id, row, bent or row):
            bad = vault.use(keys.a, stored.reference)
        establish(not bad.shows(stored.secret), "the server reads the row that was changed")
        good = vault.use(keys.a, stored.reference)
        establish(good.shows(stored.secret), f"it is used once the row is put back ({good})")
        signs = [use.answer.header(target.headers.request_id) or "" for use in (good, bad)]
        establish(all(signs), f"answers have {target.headers.request_id}")
        establish(auditor.wait_for_rows(_any, request_id=signs[0]), "the trail tells of a use")

        def is_failure(row: AuditRow) -> bool:
            return auditor.is_outcome(row, Outcome.FAILURE)

        rows = auditor.wait_for_rows(is_failure, request_id=signs[1])
        assert rows, "no row of the trail tells that a secret could not be opened"


def _any(row: AuditRow) -> bool:
    del row
    return True


def _flips(row: SealedRow) -> Iterator[tuple[str, int, SealedRow]]:
    for what in row.places:
        for place in PLACES if what == "ciphertext" else PLACES[:1]:
            bent = row.flipped(what, place)
            if bent is not None:
                yield what, place, bent
