"""Queries against PostgreSQL's catalog for the side doors around row-level security."""

from __future__ import annotations

READABLE_VIEWS = """
    SELECT n.nspname::text, c.relname::text, pg_table_is_visible(c.oid),
           EXISTS (SELECT FROM pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attname = %s AND NOT a.attisdropped)
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('v', 'm')
       AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
       AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                          AND d.deptype = 'e')
     ORDER BY 1, 2"""

UPDATABLE = """
    SELECT attname::text FROM pg_attribute
     WHERE attrelid = %(table)s::regclass AND attnum > 0 AND NOT attisdropped
       AND attgenerated = '' AND attidentity <> 'a'
       AND has_column_privilege(attrelid, attnum, 'UPDATE')
     ORDER BY attname <> %(tenant)s, NOT has_column_privilege(attrelid, attnum, 'SELECT'), attnum"""

READABLE_COLUMNS = """
    SELECT attname::text FROM pg_attribute
     WHERE attrelid = %(table)s::regclass AND attnum > 0 AND NOT attisdropped
       AND has_column_privilege(attrelid, attnum, 'SELECT')
     ORDER BY attnum"""

OWNERS_RIGHTS = """
      FROM pg_proc p
      JOIN pg_namespace n ON n.oid = p.pronamespace
      JOIN pg_roles r ON r.oid = p.proowner
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND p.prosecdef
       AND has_function_privilege(p.oid, 'EXECUTE') AND has_schema_privilege(n.oid, 'USAGE')
       AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
       AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                          AND d.deptype = 'e')"""
"""Functions that the role may call, and that run with their owner's rights. What an extension
brought is no door of the server's; nobody can call a trigger's function.
"""

POWERFUL_FUNCTIONS = f"""
    SELECT p.oid::regprocedure::text, r.rolsuper OR r.rolbypassrls
    {OWNERS_RIGHTS}
       AND (r.rolsuper OR r.rolbypassrls
            OR NOT EXISTS (SELECT FROM unnest(p.proconfig) setting
                            WHERE setting LIKE 'search_path=%'))
     ORDER BY 1"""  # noqa: S608 -- of parts of ours # nosec B608

_WRITABLE = """(has_table_privilege(c.oid, 'INSERT, UPDATE')
                OR has_any_column_privilege(c.oid, 'INSERT, UPDATE'))"""
_NOT_A_UUID = """EXISTS (SELECT FROM unnest({columns}) key
                   LEFT JOIN pg_attribute k ON k.attrelid = {table} AND k.attnum = key
                   WHERE k.atttypid IS DISTINCT FROM 'uuid'::regtype)"""
_KEY = _NOT_A_UUID.format(columns="con.conkey", table="con.conrelid")
_INDEXED = _NOT_A_UUID.format(columns="i.indkey::smallint[]", table="i.indrelid")
_REFERRED = _NOT_A_UUID.format(columns="con.confkey", table="con.confrelid")

CONSTRAINT_ORACLES = f"""
    SELECT con.conname::text, n.nspname::text, c.relname::text, pg_table_is_visible(c.oid)
      FROM pg_constraint con
      JOIN pg_class c ON c.oid = con.conrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = %(tenant)s AND NOT t.attisdropped
     WHERE con.contype = 'x' AND NOT t.attnum = ANY (con.conkey)
       AND {_WRITABLE} AND {_KEY}
     UNION
    SELECT x.relname::text, n.nspname::text, c.relname::text, pg_table_is_visible(c.oid)
      FROM pg_index i
      JOIN pg_class x ON x.oid = i.indexrelid
      JOIN pg_class c ON c.oid = i.indrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = %(tenant)s AND NOT t.attisdropped
     WHERE i.indisunique AND NOT i.indisprimary AND NOT t.attnum = ANY (i.indkey)
       AND strpos(coalesce(pg_get_expr(i.indexprs, i.indrelid), ''), quote_ident(%(tenant)s)) = 0
       AND {_WRITABLE} AND {_INDEXED}
     UNION
    SELECT con.conname::text, n.nspname::text, c.relname::text, pg_table_is_visible(c.oid)
      FROM pg_constraint con
      JOIN pg_class c ON c.oid = con.conrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute f ON f.attrelid = con.confrelid AND f.attname = %(tenant)s
       AND NOT f.attisdropped
     WHERE con.contype = 'f' AND NOT f.attnum = ANY (con.confkey)
       AND {_WRITABLE} AND {_REFERRED}
     ORDER BY 1"""  # noqa: S608 -- of parts of ours # nosec B608
"""Over nothing but uuids they tell nothing: nobody guesses one of another tenant's."""
