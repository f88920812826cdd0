"""The tool `store_credential`: keeps a credential of the tenant's for the tools that need it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reference_server.core.errors import CallerError
from reference_server.core.text import VARIABLE_NAME, is_steering

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.tools.contracts import Caller
    from reference_server.vault.contracts import Credentials

_LONGEST = 16_384


def _schema() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "name": {"type": "string", "pattern": f"^{VARIABLE_NAME.pattern}$"},
            "value": {"type": "string", "minLength": 8, "maxLength": _LONGEST},
        },
        "required": ["name", "value"],
        "additionalProperties": False,
    }


@dataclass(frozen=True)
class StoreCredential:
    """Nobody can read a credential back: tools are given it when they run."""

    credentials: Credentials
    name: str = "store_credential"
    description: str = (
        "Store a credential of your organization's under the name that its tools know it by, in "
        "the place of any former one. Nobody can read it back."
    )
    input_schema: dict[str, Any] = field(default_factory=_schema)

    def run(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Return ``{name, credentialRef}``; CallerError for a name or a value of no use."""
        name, value = arguments["name"], arguments["value"]
        if is_steering(name):
            raise CallerError("name: this variable steers programs; choose another.")
        if "\0" in value or not _is_encodable(value):
            raise CallerError("value: is no text that a program could be given.")
        reference = self.credentials.store(caller.principal.tenant_id, name, value)
        return {"name": name, "credentialRef": reference}


def _is_encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
