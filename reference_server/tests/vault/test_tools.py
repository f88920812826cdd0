"""The tools by which tenants store and delete credentials, and who is given them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from reference_server.core.errors import CallerError, ToolError, UnknownObjectError
from reference_server.core.principal import Principal
from reference_server.plugins.secrets import NoPluginSecrets, VaultPluginSecrets
from reference_server.protocol.arguments import find_bad_argument
from reference_server.tests.fakes import FakeSessions
from reference_server.tools.contracts import Caller
from reference_server.tools.delete_credential import DeleteCredential
from reference_server.tools.store_credential import StoreCredential
from reference_server.vault.contracts import VaultError

if TYPE_CHECKING:
    from uuid import UUID

A, B = uuid4(), uuid4()
SECRET = "a secret that nobody else has"


@dataclass
class Kept:
    """Credentials in memory; one called ``BROKEN`` cannot be opened."""

    known: dict[tuple[UUID, str], str] = field(default_factory=dict[tuple["UUID", str], str])

    def store(self, tenant: UUID, name: str, value: str) -> str:
        """Keep it."""
        self.known[tenant, name] = value
        return f"ref:{name}"

    def delete(self, tenant: UUID, credential_ref: str) -> None:
        """Forget it."""
        if self.known.pop((tenant, credential_ref.removeprefix("ref:")), None) is None:
            raise UnknownObjectError("credential")

    def find(self, tenant: UUID, name: str) -> str | None:
        """Return it."""
        if name == "BROKEN":
            raise VaultError("A secret of the vault cannot be opened.")
        return self.known.get((tenant, name))


class Operators:
    """What an operator has for every tenant."""

    def get(self, tenant: UUID, name: str) -> str | None:
        """Return it."""
        return f"the operator's {name} for {tenant}"


def caller(tenant: UUID) -> Caller:
    return Caller(Principal(tenant, None), "r", FakeSessions())


def test_what_is_stored_is_given_to_its_tenants_tools_until_it_is_deleted() -> None:
    kept = Kept()
    secrets = VaultPluginSecrets(kept, NoPluginSecrets())
    told = StoreCredential(kept).run({"name": "TOKEN", "value": SECRET}, caller(A))
    assert SECRET not in str(told)
    assert (secrets.get(A, "TOKEN"), secrets.get(B, "TOKEN")) == (SECRET, None)
    gone = {"credentialRef": told["credentialRef"]}
    with pytest.raises(UnknownObjectError):
        DeleteCredential(kept).run(gone, caller(B))
    assert DeleteCredential(kept).run(gone, caller(A)) == {"deleted": "ref:TOKEN"}
    assert secrets.get(A, "TOKEN") is None


def test_an_operators_secret_counts_where_a_tenant_has_stored_none() -> None:
    kept = Kept()
    secrets = VaultPluginSecrets(kept, Operators())
    assert secrets.get(A, "TOKEN") == f"the operator's TOKEN for {A}"
    kept.store(A, "TOKEN", SECRET)
    assert secrets.get(A, "TOKEN") == SECRET


def test_no_operators_secret_takes_the_place_of_one_that_cannot_be_opened() -> None:
    with pytest.raises(ToolError):
        VaultPluginSecrets(Kept(), Operators()).get(A, "BROKEN")


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "LD_PRELOAD", "value": SECRET},
        {"name": "TOKEN", "value": f"{SECRET}\0"},
        {"name": "TOKEN", "value": f"{SECRET}\ud800"},
    ],
)
def test_what_no_program_may_be_given_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(CallerError):
        StoreCredential(Kept()).run(arguments, caller(A))


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "TOKEN"},
        {"name": "TOKEN", "value": "short"},
        {"name": "../TOKEN", "value": SECRET},
        {"name": "TOKEN", "value": SECRET * 1000},
        {"name": "TOKEN", "value": SECRET, "tenant": str(B)},
    ],
)
def test_a_refusal_of_arguments_quotes_no_value(arguments: dict[str, Any]) -> None:
    complaint = find_bad_argument(StoreCredential(Kept()).input_schema, arguments)
    assert complaint is not None
    assert not any(str(value) in complaint for value in arguments.values() if value != "TOKEN")
