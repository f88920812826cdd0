"""Defects in how the server meets a database that says nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reference_server.core.breaker import Breaker
from reference_server.db.engine import CONNECTOR
from reference_server.mutants.bending import engine_of, mutant

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.db.bounded import Connector
    from reference_server.parts import Parts


class _Lasting(Breaker):
    """Opens for good."""

    def admits(self) -> bool:
        return not self.is_open

    def heard(self) -> None:
        if not self.is_open:
            super().heard()


def patient(**other: Any) -> Callable[[Parts], Parts]:
    """Return a change of parts whose connections have other patience, and perhaps a breaker."""
    breaker: type[Breaker] = other.pop("breaker", Breaker)

    def bend(parts: Parts) -> Parts:
        engine = engine_of(parts)
        connector: Connector = engine.get_execution_options()[CONNECTOR]
        connector.patience = replace(connector.patience, **other)
        connector.breaker = breaker()
        engine.dispose()  # of what was connected in the usual way
        return parts

    return bend


MUTANTS = (
    mutant(
        "database-waited-for-without-end",
        "OPS-11-c",
        "Nothing but the database itself ends the wait for its answer.",
        parts=patient(connect=3600, silence=3600.0),
    ),
    mutant(
        "silence-ends-with-a-restart",
        "OPS-11-c",
        "Once the database was silent, all are refused until the server is started anew.",
        parts=patient(silence=1.0, breaker=_Lasting),
    ),
)
