"""Defects of what a request leaves on its pooled connection."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text

from reference_server.core.vocabulary import TENANT_SETTING
from reference_server.mutants.bending import engine_of, mutant, replaced, with_tool
from reference_server.mutants.rls.policies import found_inside

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from uuid import UUID

    from sqlalchemy import Connection

    from reference_server.parts import Parts

_SET = text("SELECT set_config(:setting, :tenant, false)")


class ForTheSession:
    """Sets the tenant for the session in each transaction, and may run a statement after it.

    ``always`` runs it after a failure, too.
    """

    def __init__(self, parts: Parts, at_the_end: str = "", *, always: bool = False) -> None:
        self._engine, self._at_the_end, self._always = engine_of(parts), at_the_end, always

    @contextmanager
    def begin(self, tenant_id: UUID) -> Generator[Connection]:
        """Open a transaction in a tenant's context."""
        with self._engine.connect() as connection:
            # Outside of the transaction, whose end by an error would take it back.
            values = {"setting": TENANT_SETTING, "tenant": str(tenant_id)}
            connection.execute(_SET, values)
            connection.commit()
            try:
                with connection.begin():
                    yield connection
            except BaseException:
                if self._always:
                    self._reset(connection)
                raise
            self._reset(connection)

    def _reset(self, connection: Connection) -> None:
        if self._at_the_end:
            connection.execute(text(self._at_the_end))
            connection.commit()


def _reset_after_a_success(parts: Parts) -> Parts:
    def make(parts: Parts) -> ForTheSession:
        return ForTheSession(parts, "RESET ALL")

    return with_tool("get_metric", found_inside)(replaced({"sessions": make})(parts))


def reset_always(statement: str) -> Callable[[Parts], Parts]:
    """Return a change of parts that sets the tenant for the session, and always resets it."""
    return replaced({"sessions": lambda parts: ForTheSession(parts, statement, always=True)})


MUTANTS = (
    mutant(
        "context-for-the-session",
        "RLS-14",
        "The tenant is set for the session, and goes back to the pool with the connection.",
        parts=replaced({"sessions": ForTheSession}),
    ),
    mutant(
        "context-reset-after-success-only",
        "RLS-14",
        "The tenant is set for the session; the reset behind the transaction is no finally.",
        parts=_reset_after_a_success,
    ),
)
