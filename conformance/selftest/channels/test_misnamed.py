"""Names of a profile that a database does not know."""

from __future__ import annotations

import pytest
from psycopg import errors

from conformance.channels.sql.misnamed import (
    entries_of_the_role,
    entries_of_the_trail,
    naming_the_entry,
)
from conformance.profile.fields import TrailFields
from conformance.profile.target import AppSql
from conformance.verdicts import NotEstablishedError

ROLE = entries_of_the_role(AppSql.model_construct(tenant_column="org_id"))
TRAIL = entries_of_the_trail("audit.rows", TrailFields(request_id="rid", metadata="more"))
ANY = "[fields.trail] tenant"


@pytest.mark.parametrize(
    ("entries", "error", "entry"),
    [
        (
            ROLE,
            errors.UndefinedColumn('column "last_used_at" does not exist\nLINE 1: SELECT'),
            "[channels.app_sql] last_used_column names it",
        ),
        (ROLE, errors.UndefinedColumn("column t.org_id does not exist"), "tenant_column names it"),
        (ROLE, errors.UndefinedTable("relation « api_keys » n'existe pas"), "keys_table names it"),
        (ROLE, errors.UndefinedColumn('column "quite_another" does not exist'), ANY),
        (ROLE, errors.UndefinedColumn('column "quite_another" does not exist'), "app_sql] insert"),
        (TRAIL, errors.UndefinedColumn('column "rid" does not exist'), "request_id names it"),
        (TRAIL, errors.UndefinedTable('relation "audit.rows" does not exist'), "table names it"),
        (TRAIL, errors.UndefinedColumn('column "more" does not exist'), "metadata or [fields"),
    ],
)
def test_a_name_that_the_database_does_not_know_is_told_by_its_entry(
    entries: dict[str, str | None], error: Exception, entry: str
) -> None:
    with pytest.raises(NotEstablishedError) as told, naming_the_entry(entries):
        raise error
    assert entry in str(told.value)
    assert "LINE" not in str(told.value)
    assert str(error).splitlines()[0] in str(told.value)


def test_other_trouble_of_a_database_stays_as_it_is() -> None:
    with pytest.raises(errors.InsufficientPrivilege), naming_the_entry(ROLE):
        raise errors.InsufficientPrivilege("permission denied for table api_keys")
