"""What the checks of the trail share: a call that fails, and what the trail tells of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.analysis.alike import difference
from conformance.channels.trail.finding import request_id
from conformance.profile.events import Event
from conformance.profile.tools import failing
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.channels.trail.reader import AuditReader
    from conformance.channels.trail.row import AuditRow
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.profile.events import Outcome


@dataclass(frozen=True)
class Failure:
    """A call of the tool that fails as told: what it was told, its answer, and all its rows."""

    wire: Wire
    key: str
    arguments: dict[str, Any]
    answer: Answer
    rows: list[AuditRow]
    row: AuditRow

    @classmethod
    def of(cls, wire: Wire, auditor: AuditReader, keys: Keys, told: dict[str, Any]) -> Failure:
        """Call the tool. Raises NotEstablishedError where no row tells of its failure."""
        answer = _called(wire, keys.active, told)
        identity = request_id(answer, wire.target)
        found = auditor.wait_for_rows(
            lambda row: auditor.is_one(row, Event.TOOL_FAILED), request_id=identity
        )
        rows = auditor.rows(request_id=identity)
        if not found:  # whatever it is called, it may hold what it must not
            found = [row for row in rows if not auditor.events.knows(row.matched)]
        establish(found, "the failure is on the trail")
        return cls(wire, keys.active, told, answer, rows, found[0])

    def require_told(self, mark: str, plain: Failure) -> None:
        """Raise NotEstablishedError unless the tool got what it was told, as it did in ``plain``.

        Its answer or a row holds the mark that stood in it, or both are as those of ``plain`` are:
        arguments that a server refuses are answered, or written down, in other words.
        """
        held = self.answer.text + json.dumps([dict(row.columns) for row in self.rows], default=str)
        if mark in held:
            return
        establish(
            self.row.matched == plain.row.matched,
            "the tool got what it was told: the trail calls its failure "
            f"{self.row.matched}, and one without a detail {plain.row.matched}",
        )
        told = difference(plain.again, self.again)
        establish(not told, f"the tool got what it was told: other answers than without it: {told}")

    def again(self) -> Answer:
        """Make the same call once more."""
        return _called(self.wire, self.key, self.arguments)


def sent_in_turn(
    tenants: Iterable[TenantKeys], ask: Callable[[str], Answer], wire: Wire, auditor: AuditReader
) -> dict[str, str]:
    """Ask with each tenant's key in turn, and return the requests' tenants by the requests' ids.

    A row that is stored late, or once more with the next, is there by then.
    """
    sent: dict[str, str] = {}
    key = ""
    for tenant in tenants:
        key = tenant.active
        sent[request_id(ask(key), wire.target)] = tenant.tenant_id
    auditor.settle(request_id(wire.knock(key), wire.target))
    return sent


def wrong_rows(
    auditor: AuditReader,
    event: Event,
    sent: Mapping[str, str],
    *,
    tool: str | None = None,
    outcome: Outcome | None = None,
) -> str:
    """Return what is wrong with the rows of an event of some requests, in words; or nothing.

    Each has one, which names its tenant, and its tool and its outcome where these are given.
    """
    for identity, tenant_id in sent.items():
        rows = auditor.of(event, request_id=identity)
        if len(rows) != 1:
            return f"{len(rows)} rows for one request"
        (row,) = rows
        if row.tenant != tenant_id:
            return f"the row of a request of tenant {tenant_id} names tenant {row.tenant!r}"
        if tool is not None and row.tool != tool:
            return f"the row of a call of {tool} names tool {row.tool!r}"
        if outcome is not None and not auditor.is_outcome(row, outcome):
            return f"the row of a call with the outcome {outcome} has {row.outcome!r}"
    return ""


def _called(wire: Wire, key: str, told: dict[str, Any]) -> Answer:
    return wire.call_tool(failing(wire.target).name, told, key=key)
