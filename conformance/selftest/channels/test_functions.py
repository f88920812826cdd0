"""A function's own words tell whether it changes the trail."""

from __future__ import annotations

import pytest

from conformance.channels.sql.functions import asks_who_calls, changes_in


@pytest.mark.parametrize(
    ("words", "ways"),
    [
        ("UPDATE journal.entries SET verdict = v", ["UPDATE"]),
        ('update only "journal" . "entries" set verdict = v', ["UPDATE"]),
        ("INSERT INTO entries VALUES (1) ON CONFLICT (no) DO UPDATE SET no = 2", ["UPDATE"]),
        ("MERGE INTO entries e USING rows r ON true WHEN MATCHED THEN DELETE", ["UPDATE"]),
        ("DELETE FROM entries", ["DELETE"]),
        ("TRUNCATE entries", ["TRUNCATE"]),
        ("ALTER TABLE journal.entries DISABLE TRIGGER ALL; TRUNCATE a, b", ["ALTER"]),
        ("EXECUTE 'DELETE FROM entries WHERE no < ' || n", ["DELETE"]),
        ("SET session_replication_role = replica", ["SET session_replication_role"]),
        ("INSERT INTO entries VALUES (1) ON CONFLICT DO NOTHING; UPDATE head SET no = 1", []),
        ("WITH one AS (INSERT INTO entries SELECT 1) INSERT INTO h ON CONFLICT DO UPDATE", []),
        ("UPDATE entries.head SET no = 1; DELETE FROM entries . seen", []),
        ("UPDATE journal.entries_archive SET no = 1; DELETE FROM archive.entries", []),
        ("-- UPDATE entries\n/* DELETE FROM entries */ SELECT 1 FROM entries", []),
        ("RAISE EXCEPTION 'DELETE FROM entries is refused'", []),
        ("SELECT no FROM entries FOR UPDATE OF entries", []),
    ],
)
def test_a_functions_words_tell_what_it_changes(words: str, ways: list[str]) -> None:
    definition = f"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $function$ {words} $function$"
    assert changes_in(definition, "journal", "entries") == ways


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("IF session_user <> 'janitor' THEN RAISE EXCEPTION 'no'; END IF; DELETE FROM a", True),
        ("DELETE FROM a WHERE pg_has_role(session_user, 'janitor', 'MEMBER')", True),
        ("INSERT INTO log VALUES (session_user); DELETE FROM a WHERE no < 7", False),
        ("-- IF session_user = 'janitor'\nDELETE FROM a", False),
    ],
)
def test_a_functions_words_tell_whether_it_asks_who_calls(words: str, *, asks: bool) -> None:
    assert asks_who_calls(f"CREATE FUNCTION f() AS $function$ {words} $function$") is asks
