"""What an auditor asks of the trail, each a query that one index answers.

Run them as ``mcp_auditor``; placeholders are psycopg's. The runtime role may not read the trail at
all. ``identity`` is whom or what is asked about, ``tenant`` whose subject it is; ``moment`` and
``position`` are of the row before which a page begins, and ``rows`` is how many it has at most.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final, LiteralString


class Touching(StrEnum):
    """By what an identity is known on the trail. A subject is one of its tenant's alone."""

    TENANT = "tenant"
    KEY = "key"
    SESSION = "session"
    TOKEN = "token"  # noqa: S105 -- the id of a token, which is no secret
    SUBJECT = "subject"
    ADDRESS = "address"
    REQUEST = "request"


_COLUMNS: Final = (
    "SELECT id, created_at, event_type, outcome, tenant_id, actor_key_id, actor_ip, request_id,"
    " metadata FROM audit_log WHERE "
)
_NEWEST_FIRST: Final = (
    " AND (created_at, id) < (%(moment)s::timestamptz, %(position)s::bigint)"
    " ORDER BY created_at DESC, id DESC LIMIT %(rows)s"
)

QUESTIONS: Final[MappingProxyType[Touching, LiteralString]] = MappingProxyType(
    {
        Touching.TENANT: f"{_COLUMNS}tenant_id = %(identity)s::uuid{_NEWEST_FIRST}",
        Touching.KEY: f"{_COLUMNS}actor_key_id = %(identity)s::uuid{_NEWEST_FIRST}",
        Touching.SESSION: f"{_COLUMNS}metadata ->> 'session' = %(identity)s{_NEWEST_FIRST}",
        Touching.TOKEN: f"{_COLUMNS}metadata ->> 'tokenId' = %(identity)s{_NEWEST_FIRST}",
        Touching.SUBJECT: f"{_COLUMNS}tenant_id = %(tenant)s::uuid"
        f" AND metadata ->> 'subject' = %(identity)s{_NEWEST_FIRST}",
        Touching.ADDRESS: f"{_COLUMNS}actor_ip = %(identity)s{_NEWEST_FIRST}",
        Touching.REQUEST: f"{_COLUMNS}request_id = %(identity)s{_NEWEST_FIRST}",
    }
)
"""'What did this identity touch', the newest first; 'what did this request do'."""

USUAL_ROWS, MOST_ROWS = 100, 1_000
"""Rows of a page, and the most that one may have."""

IN_ORDER: Final = "SELECT set_config('enable_bitmapscan', 'off', true)"
"""Run before a question, in its transaction. Of an identity that is thought to have few rows,
PostgreSQL would read all and sort them, and who has touched much lately is thought to have few."""
