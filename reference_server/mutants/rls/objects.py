"""Defects of looking objects up by an id: the id alone decides, or tells too much."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from flask import abort
from sqlalchemy import text

from reference_server.core.errors import UnknownObjectError
from reference_server.mutants.bending import OPEN_KEYS, engine_of, mutant, replaced, with_tool
from reference_server.tools.get_metric import GetMetric
from reference_server.tools.list_metrics import ListMetrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from uuid import UUID

    from reference_server.parts import Parts
    from reference_server.tools.contracts import Caller


class _Cached:
    """Keeps metrics by their ids, whoever asked for them."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[UUID, Mapping[str, Any]]] = {}
        self._tool = GetMetric()

    def fetch(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        found = self._tool.run(arguments, caller)
        self.kept[arguments["metricId"]] = (caller.principal.tenant_id, found)
        return found

    def whoevers(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        _, found = self.kept.get(arguments["metricId"], (None, None))
        return found or self.fetch(arguments, caller)

    def told_apart(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        owner, _ = self.kept.get(arguments["metricId"], (None, None))
        if owner not in {None, caller.principal.tenant_id}:
            raise UnknownObjectError("metric in your account: it belongs to another one")
        return self.fetch(arguments, caller)

    def spelt_freely(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        identity = str(arguments["metricId"]).strip("{} \n").lower()
        _, found = self.kept.get(identity, (None, None))
        if found is not None and identity != arguments["metricId"]:
            return found
        return self.fetch(arguments, caller)


ANY_TEXT = {
    "type": "object",
    "properties": {"metricId": {"type": "string"}},
    "required": ["metricId"],
    "additionalProperties": False,
}


class _Revoking:
    """Revokes by the key's id; with ``tells_owner`` not before saying that it is another's."""

    _REVOKE = text("""
        UPDATE api_keys SET revoked_at = coalesce(revoked_at, :now) WHERE id = :key
        RETURNING revoked_at""")
    _OWNER = text("SELECT tenant_id FROM api_keys WHERE id = :key")

    def __init__(self, parts: Parts, *, tells_owner: bool) -> None:
        self._engine, self._clock = engine_of(parts), parts.clock
        self._tells_owner = tells_owner

    def revoke(self, tenant_id: UUID, key_id: UUID) -> datetime | None:
        with self._engine.begin() as connection:
            if self._tells_owner:
                owner = connection.scalar(self._OWNER, {"key": key_id})
                if owner not in {None, tenant_id}:
                    abort(403)
            return connection.scalar(self._REVOKE, {"key": key_id, "now": self._clock.now()})


class _ByNumber:
    """Numbers the metrics of all tenants in one row of integers.

    ``tells_owner`` answers a foreign number in other words, and ``is_open`` with the metric.
    Numbers above ``largest``, if it is given, get those words in any case.
    """

    def __init__(
        self, *, tells_owner: bool = False, is_open: bool = False, largest: int = 0
    ) -> None:
        self._tells_owner, self._is_open, self._largest = tells_owner, is_open, largest
        self._metrics: list[tuple[UUID, Mapping[str, Any]]] = []
        self._list, self._lock = ListMetrics(), threading.Lock()

    def listed(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        found = self._list.run(arguments, caller)["metrics"]
        return {"metrics": [{**one, "id": self._number(one, caller)} for one in found]}

    def fetch(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        number = int(arguments["metricId"])  # 2.0 is a whole number to JSON Schema
        if self._largest and number > self._largest:
            raise UnknownNumberError("that")
        if number >= len(self._metrics):
            raise UnknownNumberError(number)
        owner, found = self._metrics[number]
        if owner != caller.principal.tenant_id and not self._is_open:
            raise UnknownNumberError("that" if self._tells_owner else number)
        return {"metric": {**found, "id": number}}

    def _number(self, metric: Mapping[str, Any], caller: Caller) -> int:
        entry = caller.principal.tenant_id, metric
        with self._lock:
            if entry not in self._metrics:
                self._metrics.append(entry)
            return self._metrics.index(entry)


class UnknownNumberError(UnknownObjectError):
    """Repeats the number, and adds a reference drawn anew."""

    def __init__(self, number: object) -> None:
        super().__init__("metric")
        self.args = (f"There is no metric {number} (reference {uuid4()}).",)


A_NUMBER = {
    "type": "object",
    "properties": {"metricId": {"type": "integer"}},
    "required": ["metricId"],
    "additionalProperties": False,
}


def numbered(**defect: Any) -> Callable[[Parts], Parts]:
    """Return a change of parts by which metrics have numbers for ids."""
    tools = _ByNumber(**defect)

    def bend(parts: Parts) -> Parts:
        parts = with_tool("get_metric", tools.fetch, A_NUMBER)(parts)
        return with_tool("list_metrics", tools.listed)(parts)

    return bend


MUTANTS = (
    mutant(
        "object-cached-by-its-id",
        "RLS-10 RLS-12",
        "Metrics are cached by id, without the tenant: a hit is given to whoever asks.",
        parts=with_tool("get_metric", _Cached().whoevers),
    ),
    mutant(
        "foreign-object-told-apart",
        "RLS-12",
        "An id of another tenant is refused with other words than one that does not exist.",
        parts=with_tool("get_metric", _Cached().told_apart),
    ),
    mutant(
        "foreign-object-by-another-spelling",
        "RLS-12",
        "An id spelt in another way misses the check of whose it is.",
        parts=with_tool("get_metric", _Cached().spelt_freely, ANY_TEXT),
    ),
    mutant(
        "foreign-number-open",
        "RLS-10 RLS-12",
        "Metrics have whole numbers for ids, and whoever counts gets everybody's.",
        parts=numbered(is_open=True),
    ),
    mutant(
        "foreign-number-told-apart",
        "RLS-12",
        "A number that another tenant's metric has is refused in other words than one of nobody's.",
        parts=numbered(tells_owner=True),
    ),
    mutant(
        "foreign-number-called-impossible",
        "RLS-12",
        "A number of another tenant's is refused as one that no metric can have, as 2147000000 is.",
        parts=numbered(tells_owner=True, largest=99_999),
    ),
    mutant(
        "foreign-key-told-apart",
        "RLS-12-b",
        "Revoking another tenant's key is forbidden, where an unknown one is not found.",
        parts=replaced({"keys.revocation": lambda parts: _Revoking(parts, tells_owner=True)}),
        sql=OPEN_KEYS,
    ),
    mutant(
        "foreign-key-revoked",
        "RLS-12-b",
        "A key is revoked by its id, whichever tenant was named.",
        parts=replaced({"keys.revocation": lambda parts: _Revoking(parts, tells_owner=False)}),
        sql=OPEN_KEYS,
    ),
)
