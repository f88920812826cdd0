"""A run without a fault, to plant faults in: observations, and the trail they left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from conformance.channels.trail.row import AuditRow
from conformance.profile.target import DeclaredLimits
from load.ledger import Conduct, Observation
from load.reply import Result

if TYPE_CHECKING:
    from collections.abc import Callable

IDS = {"a": "tenant-a-id", "b": "tenant-b-id"}
LIMITS = DeclaredLimits(address_requests=5, tenant_requests=20)


def seen(number: int, tenant: str = "a", **changes: Any) -> Observation:
    """Return a successful call of ``ping``, the ``number``-th, a second after the one before."""
    observation = Observation(
        tenant=tenant,
        address=f"127.20.1.{1 + 'ab'.index(tenant)}",
        conduct=Conduct.WITHIN,
        call="ping",
        tool="ping",
        sent=float(number),
        received=number + 0.1,
        status=200,
        request_id=f"id-{number}",
        result=Result.SUCCEEDED,
        shows_own_canary=True,
    )
    return replace(observation, **changes)


def limited(number: int, **changes: Any) -> Observation:
    """Return a call that the address limit refused, as it should."""
    values: dict[str, Any] = {
        "status": 429,
        "conduct": Conduct.BEYOND,
        "result": Result.NONE,
        "retry_after": "42",
        "shows_own_canary": False,
    }
    return seen(number, **(values | changes))


def row(observation: Observation, event: str, **metadata: Any) -> AuditRow:
    """Return a row of the trail about an observation."""
    is_anonymous = event == "rate_limit.exceeded"
    return AuditRow(
        {
            "event_type": event,
            "outcome": "failure" if is_anonymous else "success",
            "tenant_id": None if is_anonymous else IDS[observation.tenant],
            "actor_ip": observation.address,
            "request_id": observation.request_id,
            "metadata": metadata,
        }
    )


def but(found: AuditRow, **columns: Any) -> AuditRow:
    """Return a row with other values in some columns."""
    return AuditRow({**found.columns, **columns})


def rows_of(observation: Observation) -> list[AuditRow]:
    """Return the rows that a right server leaves of an observation."""
    if observation.status == 429:
        return [row(observation, "rate_limit.exceeded", scope="global")]
    rows = [row(observation, "api_key.auth_success")]
    if observation.tool and observation.result is Result.SUCCEEDED:
        rows.append(row(observation, "mcp.tool_called", tool=observation.tool))
    return rows


@dataclass
class Run:
    """A run and its trail."""

    observations: list[Observation]
    rows: list[AuditRow]

    def replace_row(
        self, event: str, change: Callable[[AuditRow], list[AuditRow]], request_id: str = "id-3"
    ) -> None:
        """Put what ``change`` makes of one row in its place."""
        at = next(
            at
            for at, one in enumerate(self.rows)
            if one.event == event and one.request_id == request_id
        )
        self.rows[at : at + 1] = change(self.rows[at])


def faultless() -> Run:
    """Return a run in which both tenants call, and one address is limited after its five."""
    observations = [seen(number, "ab"[number % 2]) for number in range(10)]
    greedy = {"address": "127.20.1.9", "tenant": "a"}
    observations += [seen(n, conduct=Conduct.BEYOND, **greedy) for n in range(10, 15)]
    observations += [limited(number, **greedy) for number in range(15, 18)]
    return Run(observations, [one for seen_ in observations for one in rows_of(seen_)])
