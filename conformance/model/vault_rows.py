"""The rows of tenants' secrets: how they are stored and used, and where they lie."""

from __future__ import annotations

from conformance.model.row import Row

VAULT = Row(
    "vault",
    "the profile's [vault.store], [vault.use] and [vault.delete]: a secret of a tenant's",
    "vault.store vault.use vault.delete",
    example=(
        "[vault.store]",
        'tool = "store_secret"',
        'arguments = { name = "REPORTS_TOKEN", value = "{secret}" }',
        'reference = "credential_ref"',
        "[vault.use]",
        "# without value, a field of the answer, it is seen in what reaches [world.downstream]",
        'tool = "send_report"',
        'arguments = { note = "{unique}" }',
        "[vault.delete]",
        'request = { method = "DELETE", path = "/secrets/{reference}" }',
    ),
)
VAULT_TABLE = Row(
    "vault-table",
    "the profile's [vault.table]: the table of secrets, as [channels.app_sql] sees it",
    "vault.table",
    example=(
        "[vault.table]",
        'name = "secrets"',
        'ciphertext = "ciphertext"',
        'nonce = "nonce"',
        'wrapped_key = "wrapped_key"',
    ),
)
VAULT_FILES = Row(
    "vault-files",
    "the profile's [vault.files]: words that have secrets kept in files",
    "vault.files",
    example=("[vault.files]", 'words = ["--secrets-in", "{folder}"]'),
    starts_programs=True,
)
VAULT_ROTATION = Row(
    "vault-rotation",
    "the profile's [vault.rotation]: the command that rotates key-encryption keys",
    "vault.rotation",
    example=("[vault.rotation]", 'command = ["rotate-keys", "--database", "app"]'),
    starts_programs=True,
)
