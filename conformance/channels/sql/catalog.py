"""Queries against PostgreSQL's catalog for the side doors around row-level security."""

from __future__ import annotations

READABLE_VIEWS = """
    SELECT c.relname::text
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = %s AND NOT a.attisdropped
     WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND c.relkind IN ('v', 'm')
       AND has_table_privilege(c.oid, 'SELECT')
     ORDER BY 1"""

UPDATABLE = """
    SELECT attname::text FROM pg_attribute
     WHERE attrelid = quote_ident(%(table)s)::regclass AND attnum > 0 AND NOT attisdropped
       AND attgenerated = '' AND attidentity <> 'a'
       AND has_column_privilege(attrelid, attnum, 'UPDATE')
     ORDER BY attname <> %(tenant)s, attnum
     LIMIT 1"""

POWERFUL_FUNCTIONS = """
    SELECT p.oid::regprocedure::text
      FROM pg_proc p
      JOIN pg_namespace n ON n.oid = p.pronamespace
      JOIN pg_roles r ON r.oid = p.proowner
     WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.prosecdef
       AND has_function_privilege(p.oid, 'EXECUTE')
       AND (r.rolsuper OR r.rolbypassrls
            OR NOT EXISTS (SELECT FROM unnest(p.proconfig) setting
                            WHERE setting LIKE 'search_path=%'))
     ORDER BY 1"""

CONSTRAINT_ORACLES = """
    SELECT con.conname::text, c.relname::text
      FROM pg_constraint con
      JOIN pg_class c ON c.oid = con.conrelid
      JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = %(tenant)s AND NOT t.attisdropped
     WHERE con.contype IN ('u', 'x') AND NOT t.attnum = ANY (con.conkey)
       AND c.relname <> ALL (%(outside)s) AND has_table_privilege(c.oid, 'INSERT')
     UNION
    SELECT i.indexrelid::regclass::text, c.relname::text
      FROM pg_index i
      JOIN pg_class c ON c.oid = i.indrelid
      JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = %(tenant)s AND NOT t.attisdropped
     WHERE i.indisunique AND NOT i.indisprimary AND NOT t.attnum = ANY (i.indkey)
       AND c.relname <> ALL (%(outside)s) AND has_table_privilege(c.oid, 'INSERT')
     UNION
    SELECT con.conname::text, c.relname::text
      FROM pg_constraint con
      JOIN pg_class c ON c.oid = con.conrelid
      JOIN pg_attribute f ON f.attrelid = con.confrelid AND f.attname = %(tenant)s
       AND NOT f.attisdropped
     WHERE con.contype = 'f' AND NOT f.attnum = ANY (con.confkey)
       AND has_table_privilege(c.oid, 'INSERT')
     ORDER BY 1"""
