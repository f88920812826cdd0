"""Prints the trail of a database as JSON lines: ``python -m ... DSN``."""

from __future__ import annotations

import sys

import psycopg

# As an exporter would have them: no entry for what is null.
_ROWS = """
    SELECT jsonb_strip_nulls(to_jsonb(t) - 'digest')::text FROM audit_log t ORDER BY id"""


def main(dsn: str) -> None:
    """Print a line for each row, in the order of the trail."""
    with psycopg.connect(dsn) as connection:
        for (line,) in connection.execute(_ROWS):
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main(sys.argv[1])
