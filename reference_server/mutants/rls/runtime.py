"""Defects of the role that the server logs in as, where a profile may name another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from reference_server.db.engine import CONNECTOR
from reference_server.mutants.bending import engine_of, mutant

if TYPE_CHECKING:
    from reference_server.parts import Parts

_LOGIN = {"user": "mcp_service", "password": "not-a-secret-of-anybody"}


def _as_a_service(parts: Parts) -> Parts:
    """Have the server's connections opened as another role, from the first on."""

    def connect(_dialect: Any, _record: Any, _words: Any, named: dict[str, Any]) -> None:
        named.update(_LOGIN)

    engine = engine_of(parts)
    connector = engine.get_execution_options()[CONNECTOR]
    event.remove(engine, "do_connect", connector)  # it comes after, and takes the words it finds
    event.listen(engine, "do_connect", connect)
    event.listen(engine, "do_connect", connector)
    engine.dispose()
    return parts


MUTANTS = (
    mutant(
        "server-logs-in-as-another-role",
        "RLS-01",
        "The runtime role is as it should be; the server logs in as one that makes databases.",
        sql=(
            f"CREATE ROLE {_LOGIN['user']} LOGIN CREATEDB PASSWORD '{_LOGIN['password']}'",
            f"GRANT mcp_app TO {_LOGIN['user']}",
            f"GRANT {_LOGIN['user']} TO mcp_admin WITH INHERIT TRUE",  # who sees its sessions so
        ),
        parts=_as_a_service,
    ),
)
