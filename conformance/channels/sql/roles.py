"""What PostgreSQL lets the runtime role do beyond its grants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.channels.sql.attempts import Connection

_ROLE = """
    SELECT rolsuper, rolbypassrls, rolinherit, rolcreaterole, rolcreatedb,
           ARRAY(SELECT n.nspname || '.' || c.relname FROM pg_class c
                  JOIN pg_namespace n ON n.oid = c.relnamespace
                  WHERE c.relowner = r.oid AND n.nspname !~ '^pg_' AND c.relkind <> 'i'
                  ORDER BY 1),
           ARRAY(SELECT g.rolname::text FROM pg_roles g
                  WHERE pg_has_role(r.oid, g.oid, 'MEMBER') AND g.oid <> r.oid
                    AND (g.rolsuper OR g.rolbypassrls
                         OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = g.oid))),
           ARRAY(SELECT n.nspname::text FROM pg_namespace n
                  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                    AND has_schema_privilege(n.oid, 'CREATE') ORDER BY 1)
      FROM pg_roles r WHERE r.rolname = current_user"""


@dataclass(frozen=True)
class RoleFacts:
    """What PostgreSQL lets the runtime role do beyond its grants."""

    is_superuser: bool
    bypasses_rls: bool
    inherits: bool
    creates_roles: bool
    creates_databases: bool
    owned_tables: tuple[str, ...]
    powerful_memberships: tuple[str, ...]
    open_schemas: tuple[str, ...]


def facts_of(connection: Connection) -> RoleFacts:
    """Return the powers of the role that a connection has."""
    row = connection.execute(_ROLE).fetchone()
    if row is None:
        raise LookupError("the runtime role is not in pg_roles")
    *powers, owned, memberships, schemas = row
    return RoleFacts(
        *powers,
        owned_tables=tuple(owned),
        powerful_memberships=tuple(memberships),
        open_schemas=tuple(schemas),
    )
