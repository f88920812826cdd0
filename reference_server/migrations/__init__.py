"""The schema's history, in Alembic revisions."""

from __future__ import annotations

HEAD = "0009"
"""The newest revision: what a database must be at before this release serves from it."""
