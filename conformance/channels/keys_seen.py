"""What becomes of keys, seen through whatever the profile offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.model import Channel
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.channels.http.admin import Administrator
    from conformance.channels.sql.app_role import AppDatabase

BLIND = (
    "whether keys that are known go on as they were; not what else became of the tenant's keys: "
    "that takes "
)


@dataclass(frozen=True)
class Look:
    """Which of some keys worked, and the tenant's rows where they can be seen."""

    working: frozenset[str]
    rows: tuple[str, ...] | None


@dataclass(frozen=True)
class KeyWitness:
    """Looks at the spared tenant's keys, and at some of others that nobody may touch either.

    ``spared`` and ``others`` are keys by what they are; ``note`` takes down what nobody looks at.
    """

    administrator: Administrator
    app_sql: AppDatabase | None
    spared: dict[str, str]
    others: dict[str, str]
    note: Callable[[str, str], None]

    def look(self) -> Look:
        """Return how things are now.

        Raises NotAssessedError where nothing can be seen of the spared tenant's keys, and
        NotEstablishedError where none of them works.
        """
        if self.administrator.can_mint:
            self.spared["a key made before"] = self.administrator.mint()
        if self.app_sql is None and not self.spared:
            needs = Channel.APP_SQL, Channel.SPARE_TENANT
            words = ", or ".join(need.supplied_by for need in needs)
            raise NotAssessedError(f"nothing shows what becomes of keys: supply {words}", *needs)
        knock = self.administrator.wire.knock
        working = {what: key for what, key in self._keys.items() if knock(key).succeeded}
        rows = self._rows()
        establish(rows or working.keys() & self.spared.keys(), "the spared tenant has a key")
        if rows is None:
            more = "" if self.app_sql is None else ", and a role that may read the keys' tenants"
            self.note("what was looked at", f"{BLIND}{Channel.APP_SQL.supplied_by}{more}")
        return Look(frozenset(working), rows)

    def changes_since(self, before: Look) -> str:
        """Return what is otherwise than it was, in words; nothing where nothing is."""
        knock = self.administrator.wire.knock
        ended = [what for what in sorted(before.working) if not knock(self._keys[what]).succeeded]
        told = [f"{what} does not work any more" for what in ended]
        if (after := self._rows()) != before.rows:
            counts = len(before.rows or ()), len(after or ())
            told.append(f"the tenant had {counts[0]} rows of keys before, and {counts[1]} after")
        return "; ".join(told)

    @property
    def _keys(self) -> dict[str, str]:
        return self.spared | self.others

    def _rows(self) -> tuple[str, ...] | None:
        if self.app_sql is None:
            return None
        rows = self.app_sql.key_rows(self.administrator.tenant_id)
        return None if rows is None else tuple(rows)
