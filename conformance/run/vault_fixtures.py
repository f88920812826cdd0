"""What checks of tenants' secrets ask for by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.channels.http.downstream import Downstream
from conformance.channels.http.vault import VaultDesk
from conformance.channels.programs.filing import Filing, filing_in_a_folder
from conformance.channels.programs.rotation import KeyRotation
from conformance.channels.sql.vault import SecretsTable
from conformance.profile.target import supplied
from conformance.run.fixtures import SESSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.wire import Wire
    from conformance.channels.programs.launch import Launcher
    from conformance.profile.target import Target
    from conformance.text.redaction import Redactor


@pytest.fixture
def vault(wire: Wire, target: Target, redactor: Redactor) -> VaultDesk:
    """Where tenants' secrets are stored, used and deleted."""
    api = target.world.downstream
    return VaultDesk(wire, redactor, None if api is None else Downstream(api))


@pytest.fixture
def secrets_table(target: Target) -> SecretsTable:
    """The table of tenants' secrets."""
    return SecretsTable(supplied(target.channels.app_sql), supplied(target.vault.table))


@pytest.fixture
def key_rotation(target: Target) -> KeyRotation:
    """The command that rotates the keys of secrets."""
    return KeyRotation(supplied(target.vault.rotation))


@pytest.fixture(scope="module")
def filing(session_launcher: Launcher, request: pytest.FixtureRequest) -> Iterator[Filing]:
    """A process of the target that keeps secrets in files; the checks of a file share it."""
    files = supplied(request.config.stash[SESSION].target.vault.files)
    with filing_in_a_folder(session_launcher, files) as found:
        yield found
