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
                    AND has_schema_privilege(r.oid, n.oid, 'CREATE') ORDER BY 1)
      FROM pg_roles r WHERE r.rolname = coalesce(%s, current_user)"""


@dataclass(frozen=True)
class RoleFacts:
    """What PostgreSQL lets a role do beyond its grants."""

    is_superuser: bool
    bypasses_rls: bool
    inherits: bool
    creates_roles: bool
    creates_databases: bool
    owned_tables: tuple[str, ...]
    powerful_memberships: tuple[str, ...]
    open_schemas: tuple[str, ...]

    @property
    def powers(self) -> list[str]:
        """What of it a runtime role may not have, in words."""
        told = {
            "is a superuser": self.is_superuser,
            "has BYPASSRLS": self.bypasses_rls,
            "has INHERIT": self.inherits,
            "has CREATEROLE": self.creates_roles,
            "has CREATEDB": self.creates_databases,
            f"owns {', '.join(self.owned_tables)}": self.owned_tables,
            "is a member of roles that own objects or stand above RLS: "
            f"{', '.join(self.powerful_memberships)}": self.powerful_memberships,
        }
        return [words for words, is_so in told.items() if is_so]


def facts_of(connection: Connection, role: str | None = None) -> RoleFacts:
    """Return the powers of a role; without one, of that which the connection has."""
    row = connection.execute(_ROLE, (role,)).fetchone()
    if row is None:
        raise LookupError(f"{role or 'the runtime role'} is not in pg_roles")
    *powers, owned, memberships, schemas = row
    return RoleFacts(
        *powers,
        owned_tables=tuple(owned),
        powerful_memberships=tuple(memberships),
        open_schemas=tuple(schemas),
    )
