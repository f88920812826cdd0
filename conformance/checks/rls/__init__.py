"""RLS: row-level security."""
