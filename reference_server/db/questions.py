"""What an auditor asks of the trail, each a query that one index answers.

Run them as ``mcp_auditor``; ``identity`` is the one parameter, in psycopg's spelling. The runtime
role may not read the trail at all.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, LiteralString

_COLUMNS: Final = (
    "SELECT created_at, event_type, outcome, tenant_id, actor_key_id, actor_ip, request_id,"
    " metadata FROM audit_log"
)
_NEWEST_FIRST: Final = " ORDER BY created_at DESC, id DESC LIMIT 1000"

QUESTIONS: Final[MappingProxyType[str, LiteralString]] = MappingProxyType(
    {
        "tenant": f"{_COLUMNS} WHERE tenant_id = %(identity)s{_NEWEST_FIRST}",
        "key": f"{_COLUMNS} WHERE actor_key_id = %(identity)s{_NEWEST_FIRST}",
        "address": f"{_COLUMNS} WHERE actor_ip = %(identity)s{_NEWEST_FIRST}",
        "request": f"{_COLUMNS} WHERE request_id = %(identity)s ORDER BY id",
    }
)
"""'What did this identity touch', by tenant, key and address; 'what did this request do'."""
