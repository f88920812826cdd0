"""The tool `delete_credential`: deletes a credential of the tenant's for good."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.tools.contracts import Caller
    from reference_server.vault.contracts import Credentials


def _schema() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"credentialRef": {"type": "string", "maxLength": 64}},
        "required": ["credentialRef"],
        "additionalProperties": False,
    }


@dataclass(frozen=True)
class DeleteCredential:
    """The next call of a tool that needs the credential finds none."""

    credentials: Credentials
    name: str = "delete_credential"
    description: str = "Delete a credential of your organization's, by its reference, for good."
    input_schema: dict[str, Any] = field(default_factory=_schema)

    def run(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Return ``{deleted}``, the reference; UnknownObjectError where there is no such one."""
        reference = arguments["credentialRef"]
        self.credentials.delete(caller.principal.tenant_id, reference)
        return {"deleted": reference}
