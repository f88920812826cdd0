"""Other ways to deliver credentials to tools, and to keep them from coming back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from reference_server.mutants.bending import replaced
from reference_server.mutants.benign.edge import benign
from reference_server.mutants.mile._bending import KeptRunner, delivering
from reference_server.plugins.contracts import CUSTOM_LIST
from reference_server.plugins.masking import MASK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from reference_server.parts import Parts
    from reference_server.plugins.contracts import Delivery, PluginSecrets

_MILE = frozenset(
    {
        *("MILE-01", "MILE-02", "MILE-03", "MILE-04"),
        *("MILE-05", "MILE-06", "MILE-08", "MILE-09"),
    }
)
_OTHER_LIST = "TOOL_CUSTOM_SECRETS"


def _with_stars(parts: Parts) -> Any:
    real = parts.plugins.mask

    def mask(value: Any, credentials: Any) -> Any:
        return _starred(real(value, credentials))

    return mask


def _starred(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace(MASK, "********")
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        return {name: _starred(one) for name, one in table.items()}
    if isinstance(value, list):
        return [_starred(one) for one in cast("list[Any]", value)]
    return value


def _withholding(parts: Parts) -> Any:
    mask, is_spelt = parts.plugins.mask, parts.plugins.is_withheld

    def is_withheld(value: Any, credentials: Any) -> bool:
        return mask(value, credentials) != value or is_spelt(value, credentials)

    return is_withheld


def _with_another_list(given: Delivery, tenant: UUID, secrets: PluginSecrets) -> Mapping[str, str]:
    del tenant, secrets
    told = dict(given.variables)
    told[_OTHER_LIST] = told.pop(CUSTOM_LIST)
    return told


def _told_of_another_list(state: dict[str, Any]) -> dict[str, Any]:
    return {**state, "world": {**state["world"], "custom_list": _OTHER_LIST}}


def _at_home(given: Delivery, tenant: UUID, secrets: PluginSecrets) -> Mapping[str, str]:
    del tenant, secrets
    return {"HOME": "/nonexistent", "LANG": "C.UTF-8", "TZ": "UTC", **given.variables}


VARIANTS = (
    benign(
        "processes-kept-for-their-tenants",
        "A tool's process is kept for the next call of the same tenant.",
        parts=replaced(
            {"plugins.runner": lambda _: KeptRunner(lambda one: (one.tenant, one.plugin.name))}
        ),
        touches=_MILE,
    ),
    benign(
        "credentials-masked-by-stars",
        "What stands in a credential's place is stars.",
        parts=replaced({"plugins.mask": _with_stars}),
        touches=frozenset({"MILE-06"}),
    ),
    benign(
        "answers-with-credentials-withheld",
        "An answer that holds a credential is withheld whole, and its caller told so.",
        parts=replaced({"plugins.is_withheld": _withholding}),
        touches=frozenset({"MILE-02", "MILE-05", "MILE-06"}),
    ),
    benign(
        "custom-secrets-in-another-list",
        "The variable that lists custom secrets is called otherwise.",
        parts=delivering(_with_another_list),
        state=_told_of_another_list,
        touches=frozenset({"MILE-03", "MILE-04"}),
    ),
    benign(
        "processes-with-a-home",
        "A tool's process has variables that any process may have, with values of their own.",
        parts=delivering(_at_home),
        touches=frozenset({"MILE-03", "MILE-04"}),
    ),
)
