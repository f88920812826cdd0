"""Statements that may be refused, and what they changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import sql

T = TypeVar("T")
TRIES = 4

Connection = psycopg.Connection[tuple[Any, ...]]

REFUSALS = (
    errors.InsufficientPrivilege,
    errors.RaiseException,
    errors.IntegrityConstraintViolation,
    errors.ObjectNotInPrerequisiteState,
)
"""What says that a statement was refused, by whatever guards a table."""
CLASHED = -2
"""What stands for the rows of a statement that ran into some that it should not have reached."""


def told(rows: int) -> str:
    """Return in words how many rows a statement changed."""
    words = {
        CLASHED: "it ran into rows of another tenant",
        -1: "it was carried out",
        0: "it was refused, or changed no row",
        1: "1 row was changed",
    }
    return words.get(rows, f"{rows} rows were changed")


def refused(connection: Connection, query: sql.SQL | sql.Composed, values: dict[str, str]) -> bool:
    """Tell whether a statement that changes one row was refused, or changed none."""
    return changed_rows(connection, query, values) == 0


def changed_rows(
    connection: Connection, query: sql.SQL | sql.Composed, values: dict[str, str]
) -> int:
    """Return how many rows a statement changed: 0 where it was refused, -1 where none are told.

    The savepoint keeps a refusal from ending the transaction around it, which ``connect`` opened.
    """
    try:
        with connection.transaction():
            return connection.execute(query, values).rowcount
    except REFUSALS:
        return 0


def steadily(work: Callable[[], T]) -> T:
    """Do work on a snapshot, again where another writer came between: a live table has some."""
    for _ in range(TRIES - 1):
        try:
            return work()
        except errors.TransactionRollback:
            continue
    return work()
