"""How long it takes to find what an identity touched, on trails of several lengths.

``python -m reference_server.demo.trail_bench --rows 10000 10000000`` starts a PostgreSQL of its
own, has it make up the rows, and asks for a page of each of some identities, over and over. What
decides is the least time of many, and how many of PostgreSQL's pages are read, since both are the
same on a busy machine. Ten million rows take ten minutes and ten gigabytes. The rows are no chain:
nothing verifies them.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg

from reference_server.audit.touched import Identity, touched, values_of
from reference_server.core.vocabulary import Role
from reference_server.db.questions import IN_ORDER, QUESTIONS, Touching
from reference_server.demo.database import DemoDatabase
from reference_server.demo.host import disk_bases
from reference_server.demo.postgres import SUPERUSER, Cluster

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

PAGE = 100
BUSY = Identity(Touching.TENANT, str(UUID(int=1)))
"""A tenant that has one row in a hundred."""
IDENTITIES = 20
"""That many are asked for. Each has as many rows as a page, however long the trail is."""
MOST_GROWN = 2.0
_ROUNDS = 15

# One row in a hundred is the busy tenant's; all others are of a thousand keys of as many tenants.
# Ours stand at even distances among them, which asks for a number of rows that 10,000 divides. A
# uuid is made of a number, so that it can be asked for.
_ROWS = """
INSERT INTO audit_log (id, created_at, event_type, outcome, tenant_id, actor_ip, request_id,
                       metadata, actor_key_id, digest)
SELECT n, timestamptz '2026-01-01' + n * interval '1 second', 'mcp.tool_called', 'success',
       lpad(to_hex(CASE WHEN n %% 100 = 57 THEN 1 ELSE 100 + who END), 32, '0')::uuid,
       '198.51.100.' || who %% 250, gen_random_uuid()::text,
       jsonb_build_object('scheme', 'session', 'tier', 'user', 'tool', 'ping',
                          'session', 's' || who, 'tokenId', 't' || who, 'subject', 'u' || who),
       lpad(to_hex(100 + who), 32, '0')::uuid, sha256(n::text::bytea)
  FROM (SELECT n, CASE WHEN n %% %(step)s < %(ours)s THEN 1000000 + n %% %(step)s
                       ELSE n * 7919::bigint %% 1000 END AS who
          FROM generate_series(1, %(rows)s) AS n) AS made
"""
_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
 WHERE tablename = 'audit_log' AND indexname LIKE 'ix_%'
"""


@dataclass(frozen=True)
class Cost:
    """What a page costs at least: milliseconds, and pages of PostgreSQL's (8 KiB)."""

    milliseconds: float
    pages: int


def main() -> int:
    """Measure; 1 where the longest trail takes more than twice what the shortest does."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 10_000_000])
    sizes: list[int] = parser.parse_args().rows
    with Cluster(bases=disk_bases()) as cluster:
        cluster.start()
        costs = [measure(cluster, rows) for rows in sizes]
    pairs = [(costs[0][name], costs[-1][name]) for name in costs[0]]
    time_grown = max(last.milliseconds / first.milliseconds for first, last in pairs)
    pages_grown = max(last.pages / first.pages for first, last in pairs)
    sys.stdout.write(
        f"{sizes[-1]} rows against {sizes[0]}: {time_grown:.2f} times the milliseconds and "
        f"{pages_grown:.2f} times the pages, at most\n"
    )
    return int(max(time_grown, pages_grown) > MOST_GROWN)


def measure(cluster: Cluster, rows: int) -> dict[str, Cost]:
    """Return what a page costs on a trail of so many rows, by question."""
    database = DemoDatabase(cluster, name=f"trail_{rows}")
    database.create()
    began = time.perf_counter()
    fill(database, rows)
    sys.stdout.write(f"{rows} rows, made in {time.perf_counter() - began:.0f} s\n")
    engine = database.engine(Role.AUDITOR)
    found = {name: _cost(engine, asked) for name, asked in _asked().items()}
    engine.dispose()
    database.drop()
    for name, cost in found.items():
        sys.stdout.write(f"  {name:8} {cost.milliseconds:.2f} ms, {cost.pages} pages\n")
    sys.stdout.flush()
    return found


def fill(database: DemoDatabase, rows: int) -> None:
    """Fill an empty trail with rows that nobody wrote. Database errors pass through."""
    url = database.cluster.url(SUPERUSER, database.name)
    values = {"rows": rows, "ours": IDENTITIES, "step": rows // PAGE}
    with psycopg.connect(url, password=database.cluster.password, autocommit=True) as link:
        indexes = link.execute(_INDEXES).fetchall()
        for name, _ in indexes:
            link.execute(f"DROP INDEX {name}".encode())
        link.execute(_ROWS, values)
        for _, definition in indexes:
            link.execute(definition.encode())
        link.execute("VACUUM ANALYZE audit_log")


def _asked() -> dict[str, Sequence[Identity]]:
    """Return whom is asked for: ours by each name that they have, and the busy tenant."""
    ours = [1_000_000 + number for number in range(IDENTITIES)]
    tenants = [UUID(int=100 + number) for number in ours]
    return {
        "busy": [BUSY] * IDENTITIES,
        "key": [Identity(Touching.KEY, str(tenant)) for tenant in tenants],
        "session": [Identity(Touching.SESSION, f"s{number}") for number in ours],
        "token": [Identity(Touching.TOKEN, f"t{number}") for number in ours],
        "subject": [
            Identity(Touching.SUBJECT, f"u{number}", tenant)
            for number, tenant in zip(ours, tenants, strict=True)
        ],
    }


def _cost(engine: Engine, asked: Sequence[Identity]) -> Cost:
    taken: list[float] = []
    for _ in range(_ROUNDS):
        for identity in asked:
            began = time.perf_counter()
            page = touched(engine, identity, rows=PAGE)
            taken.append(1000 * (time.perf_counter() - began))
            if len(page.rows) < PAGE:
                raise RuntimeError(f"{identity} has {len(page.rows)} rows, not {PAGE}")
    return Cost(min(taken), max(_pages(engine, identity) for identity in asked))


def _pages(engine: Engine, identity: Identity) -> int:
    statement = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {QUESTIONS[identity.kind]}"
    with engine.connect() as connection:
        connection.exec_driver_sql(IN_ORDER)
        told = connection.exec_driver_sql(statement, values_of(identity, None, PAGE)).scalar_one()
    plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


if __name__ == "__main__":
    sys.exit(main())
