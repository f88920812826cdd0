"""A cluster with a migrated database of which every server gets a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, cast

import psycopg

from reference_server.demo.database import DATABASE, DRILL, DemoDatabase
from reference_server.demo.postgres import SUPERUSER, Cluster

if TYPE_CHECKING:
    from pathlib import Path
    from typing import LiteralString

_TEMPLATE, _DRILL_TEMPLATE = "template_of_servers", "template_of_drills"

_SHARED = """
    SELECT 'role ' || t::text FROM pg_authid t
    UNION ALL SELECT 'member ' || t::text FROM pg_auth_members t
    UNION ALL SELECT 'default ' || t::text FROM pg_db_role_setting t
    UNION ALL SELECT 'parameter ' || t::text FROM pg_parameter_acl t
    UNION ALL SELECT 'tablespace ' || t::text FROM pg_tablespace t
    UNION ALL SELECT 'subscription ' || t.subname FROM pg_subscription t
    UNION ALL SELECT 'slot ' || t.slot_name FROM pg_replication_slots t
    UNION ALL SELECT 'prepared ' || t.gid FROM pg_prepared_xacts t
    UNION ALL SELECT 'access ' || t::text FROM pg_hba_file_rules t
    UNION ALL SELECT 'setting ' || t::text FROM pg_file_settings t
    UNION ALL SELECT 'setting ' || name || ' ' || setting FROM pg_settings
    UNION ALL SELECT 'database ' || datname || ' ' || datdba || ' ' || datallowconn || ' '
        || datistemplate || ' ' || datconnlimit || ' ' || coalesce(datacl::text, '')
        FROM pg_database"""
"""All that a database's end does not take with it."""


class Stock:
    """Copies of one database, handed out one after another; a context manager that leaves nothing.

    No connection stays open, so that its process may fork. ``also_remove`` as for ``Cluster``.
    """

    def __init__(self, also_remove: Path) -> None:
        self._also_remove = also_remove
        self._cluster: Cluster | None = None
        self._templates: tuple[DemoDatabase, DemoDatabase] | None = None
        self._before: frozenset[str] = frozenset()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._discard()

    @property
    def postmaster(self) -> int:
        """The cluster's process. LookupError where nothing was prepared."""
        if self._cluster is None or self._cluster.pid is None:
            raise LookupError("prepare a cluster first")
        return self._cluster.pid

    def let_go(self) -> None:
        """Leave the cluster to the process that started it; for a fork of that process."""
        if self._cluster is not None:
            self._cluster.let_go()

    def prepare(self) -> None:
        """Have a cluster ready that nobody has bent. DatabaseNotReadyError when none starts."""
        if self._templates is not None:
            return
        self._discard()
        self._cluster = Cluster(also_remove=(self._also_remove,))
        self._cluster.start()
        template = DemoDatabase(self._cluster, _TEMPLATE)
        template.create()
        self._templates = template, template.copy_for_drill(_DRILL_TEMPLATE)
        self._before = self.shared_state()

    def copy(self, *, drill: bool) -> DemoDatabase:
        """Return a database under the demo's name; with that of the drill beside it if asked for.

        LookupError where nothing was prepared. Database errors pass through.
        """
        if self._templates is None:
            raise LookupError("prepare a cluster first")
        template, drill_template = self._templates
        if drill:
            drill_template.copy(DRILL)
        return template.copy(DATABASE)

    def take_back(self) -> bool:
        """Remove the copies; tell whether the cluster is as it was before.

        Otherwise ``prepare`` will replace it.
        """
        if self._templates is None:
            return False
        template, _ = self._templates
        try:
            for name in (DATABASE, DRILL):
                DemoDatabase(template.cluster, name).drop()
            is_clean = self.shared_state() == self._before
        except Exception:  # noqa: BLE001 -- whatever it is, the next server shall not meet it
            is_clean = False
        if not is_clean:
            self._templates = None
        return is_clean

    def shared_state(self) -> frozenset[str]:
        """Return what all databases of the cluster share, a line each."""
        if self._cluster is None:
            return frozenset()
        url = self._cluster.url(SUPERUSER, "postgres")
        with psycopg.connect(url, password=self._cluster.password) as connection:
            rows = connection.execute(cast("LiteralString", _SHARED)).fetchall()
        return frozenset(str(row[0]) for row in rows)

    def _discard(self) -> None:
        if self._cluster is not None:
            self._cluster.stop()
        self._cluster = self._templates = None
