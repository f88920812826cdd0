"""VAULT: key-encryption keys are rotated while their secrets are used."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from typing import TYPE_CHECKING

from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.vault import Stored, VaultDesk
    from conformance.channels.programs.rotation import KeyRotation
    from conformance.channels.sql.vault import SealedRow, SecretsTable
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target

MOST_USES = 4
"""Uses after which a rotation is broken off, at most."""


def _require_use(vault: VaultDesk, stored: Stored, when: str) -> None:
    use = vault.use(stored.tenant, stored.reference)
    assert use.shows(stored.secret), f"{when}, a stored secret is not used ({use})"


@requirement("VAULT-07")
def test_secrets_are_used_before_during_and_after_a_rotation(
    vault: VaultDesk, keys: Keys, key_rotation: KeyRotation
) -> None:
    """The first is killed, the second goes on with it; what is new then is used as well."""
    with vault.stored(keys.a) as own, vault.stored(keys.b) as other:

        def use_a_few() -> None:
            for _ in range(1 + secrets.randbelow(MOST_USES)):
                _require_use(vault, own, "while a rotation runs")

        key_rotation.broken_off(use_a_few)
        _require_use(vault, other, "after a rotation that was broken off")
        key_rotation.carried_out(lambda: _require_use(vault, own, "while a rotation runs"))
        for stored in (own, other):
            _require_use(vault, stored, "after a rotation")
        newer = vault.store(keys.a)
        _require_use(vault, newer, "after a rotation, newly stored")
        vault.delete(newer)


@requirement("VAULT-07", also_needs=(Channel.VAULT_TABLE, Channel.APP_SQL))
def test_a_rotation_wraps_every_data_key_anew(
    vault: VaultDesk,
    keys: Keys,
    target: Target,
    key_rotation: KeyRotation,
    secrets_table: SecretsTable,
) -> None:
    """What was wrapped under the former key would be opened by whoever has that key."""
    told = target.vault.table
    what = "wrapped key" if told is not None and told.wrapped_key else "ciphertext"
    with ExitStack() as stack:
        before = list["SealedRow"]()
        for tenant in (keys.a, keys.b):
            former = secrets_table.rows(tenant.tenant_id)
            stack.enter_context(vault.kept(tenant))
            before += [*former, secrets_table.new_row(tenant.tenant_id, former)]
        establish(all(row.raw(what) for row in before), f"every row has a {what}")
        key_rotation.carried_out(lambda: None)
        after = [
            row.raw(what)
            for tenant in (keys.a, keys.b)
            for row in secrets_table.rows(tenant.tenant_id)
        ]
        left = sum(row.raw(what) in after for row in before)
        assert not left, f"{left} of {len(before)} rows have the {what} from before the rotation"
