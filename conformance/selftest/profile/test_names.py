"""What a profile calls events and fields is read as it is written, and nothing else is."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from conformance.model import Channel
from conformance.profile import reading as profile
from conformance.profile.events import Event, Events

if TYPE_CHECKING:
    from conformance.profile.target import Target

BASE = '[target]\nurl = "http://127.0.0.1/"\n'


def read(folder: Path, more: str) -> Target:
    path = folder / "p.toml"
    path.write_text(BASE + more, encoding="utf-8")
    return profile.load(path)


def row(event: str, **more: str) -> dict[str, str | None]:
    return {"event": event, "outcome": None, "reason": None, "scope": None, "tool": None, **more}


@pytest.mark.parametrize(
    ("entry", "right", "wrong"),
    [
        ('"login.failed"', row("login.failed"), row("login")),
        ('["a", "b"]', row("b"), row("c")),
        (
            '{ event = "auth", outcome = "denied", reason = "blocked" }',
            row("auth", outcome="denied", reason="blocked"),
            row("auth", outcome="denied", reason="wrong"),
        ),
        ('{ event = "auth", outcome = ["a", "b"] }', row("auth", outcome="b"), row("auth")),
        ('["a", { event = "b", tool = "x" }]', row("b", tool="x"), row("b", tool="y")),
    ],
)
def test_an_event_is_a_name_a_list_or_a_table(
    tmp_path: Path, entry: str, right: dict[str, str | None], wrong: dict[str, str | None]
) -> None:
    events = read(tmp_path, f"[events]\nauth_failure = {entry}\n").events
    assert events.is_one(right, Event.AUTH_FAILURE)
    assert not events.is_one(wrong, Event.AUTH_FAILURE)
    assert events.knows(right)
    assert not events.is_one(row("api_key.auth_failure"), Event.AUTH_FAILURE)


def test_a_table_of_its_own_is_an_event_too(tmp_path: Path) -> None:
    events = read(tmp_path, '[events.auth_failure]\nevent = "auth"\noutcome = "no"\n').events
    assert events.is_one(row("auth", outcome="no"), Event.AUTH_FAILURE)


def test_the_groups_of_a_pattern_are_the_entries_that_a_line_has(tmp_path: Path) -> None:
    """What it has no group for is not known; what is false is known not to be there."""
    more = "[fields.log]\npattern = '(?P<time>[0-9]+) (?P<rid>.*)'\nrequest_id = 'rid'\n"
    names = read(tmp_path, more).fields.log
    assert [names.place(field) for field in names.fields()] == ["time", None, "rid"]
    assert [field for field in names.fields() if names.is_untold(field)] == ["level"]
    without = read(tmp_path, f"{more}level = false\n").fields.log
    assert not without.is_untold("level")
    assert [names.is_json, read(tmp_path, "").fields.log.is_json] == [False, False]
    assert read(tmp_path, '[fields.log]\ntime = "time"\n').fields.log.is_json


def test_a_trail_of_lines_supplies_the_trail_and_no_database(tmp_path: Path) -> None:
    target = read(tmp_path, '[channels.auditor]\nfile = "/var/log/audit.jsonl"\n')
    assert target.has(Channel.AUDITOR)
    assert not target.has(Channel.TRAIL_TABLE)
    assert Channel.TRAIL_TABLE.entry == "[channels.auditor] dsn"


def test_false_says_that_there_is_no_such_event(tmp_path: Path) -> None:
    target = read(tmp_path, "[events]\ntool_called = false\n")
    assert not target.has(Channel.TOOL_CALLED_EVENT)
    assert target.has(Channel.TOOL_FAILED_EVENT)
    assert "[events] tool_called" in Channel.TOOL_CALLED_EVENT.supplied_by


@pytest.mark.parametrize(
    ("more", "line", "words"),
    [
        ('[events]\nauth_faliure = "x"', 4, "unknown key 'auth_faliure'"),
        ('[events]\nauth_failure = { evnt = "x" }', 4, "unknown key 'evnt'"),
        ("[events]\nauth_failure = true", 4, "is no event"),
        ("[events]\nauth_failure = []", 4, "is an empty list"),
        ('[events]\nauth_failure = ""', 4, "is no word"),
        ("[events]\nauth_failure = { event = 7 }", 4, "is no word"),
        ('[events.outcomes]\nsucess = "ok"', 4, "unknown key 'sucess'"),
        ('[events.scopes]\naddress = "x"\ntenant = "x"', 3, "stands for two things"),
        ('[fields.trail]\nevnt = "x"', 4, "unknown key 'evnt'"),
        ('[fields.trail]\nevent = "a..b"', 4, "is no field"),
        ("[fields.trail]\nevent = false", 4, "is no field"),
        ("[fields.admin]\nkey = false", 4, "is no field"),
        ('[fields.resluts]\ntenant = "x"', 3, "unknown key 'resluts'"),
        ('[channels.auditor.columns]\nevnt = "x"', 4, "channels.auditor.columns.evnt: unknown"),
        ('[headers]\nlog_time = "t"\n[fields.log]\ntime = "x"', 4, "older name of fields.log.time"),
        ("[fields.log]\npattern = '('", 4, "is no regular expression of Python: missing )"),
        ("[fields.log]\npattern = '.*'", 4, "has no named group"),
        (
            "[fields.log]\npattern = '(?P<ts>.*)'\ntime = 'at'",
            4,
            "has no group 'at', which time names: write (?P<at>...)",
        ),
        ("[channels.log]", 3, "names nothing; it takes one of command, file"),
        (
            '[channels.log]\nfile = "x"\ncommand = ["y"]',
            3,
            "names file and command; it takes one of command, file",
        ),
        ("[channels.auditor]", 3, "names nothing; it takes one of command, dsn, file"),
        (
            '[channels.auditor]\nfile = "x"\ntable = "y"',
            3,
            "has a table, which needs a dsn, and names file",
        ),
    ],
)
def test_a_typo_is_an_error_that_names_the_line(
    tmp_path: Path, more: str, line: int, words: str
) -> None:
    with pytest.raises(profile.ProfileError) as refused:
        read(tmp_path, more)
    assert f"p.toml:{line}:" in str(refused.value)
    assert words in str(refused.value)


def test_entries_that_stood_elsewhere_still_count(tmp_path: Path) -> None:
    more = (
        '[headers]\nlog_time = "ts"\n[channels.auditor]\ndsn = { file = "dsn" }\n'
        '[channels.auditor.columns]\nevent = "kind"\n'
    )
    (tmp_path / "dsn").write_text("postgresql://h/d", encoding="utf-8")
    fields = read(tmp_path, more).fields
    assert (fields.log.time, fields.trail.event) == ("ts", "kind")
    assert fields.trail.is_declared("event")


def test_what_stands_in_metadata_follows_its_column(tmp_path: Path) -> None:
    trail = read(tmp_path, '[fields.trail]\nmetadata = "details"\ntool = "tool"\n').fields.trail
    assert trail.place("reason") == "details.reason"
    assert (trail.place("tool"), trail.column("scope")) == ("tool", "details")


def test_the_defaults_tell_events_apart() -> None:
    """A row of one event must not stand in for another, but for what a block says of itself."""
    events = Events()
    names = [event for event in Event if event is not Event.BLOCK_ENGAGED]
    for event in names:
        (pattern,) = events.patterns(event)
        (name,) = pattern.values["event"]
        assert [one for one in names if events.is_one(row(name), one)] == [event]


TARGETS = Path(__file__).parents[3] / "fixtures" / "targets"
NAMES = {
    "start": ("command",),
    "target": ("name",),
    "headers": ("request_id",),
    "app_sql": ("audit_table",),
    "auditor": ("table",),
    "vault": ("table",),
    "executions": ("id", "tool", "server", "input", "status", "started"),
}
"""What else than events and fields may differ: the tables, a header, and the server's own name."""


def _of(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the names that a profile gives, and all else of it."""
    rest = tomllib.loads((TARGETS / name).read_text("utf-8"))
    triage = rest.pop("scanner")
    del triage["allowed_agents"]  # those of official clients, for all
    given = {"events": rest.pop("events"), "fields": rest.pop("fields"), "scanner": triage}
    for section, entries in NAMES.items():
        table = rest[section] if section in rest else rest["channels"][section]
        given |= {f"{section}.{entry}": table.pop(entry) for entry in entries}
    return given, rest


def _leaves(value: Any, path: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {path: value}
    tables = cast("dict[str, Any]", value)
    return {k: v for name, one in tables.items() for k, v in _leaves(one, f"{path}/{name}").items()}


def test_the_profile_of_other_names_has_every_name_otherwise_and_nothing_else() -> None:
    (ours, rest), (theirs, other) = _of("reference.toml"), _of("other-names.toml")
    assert rest == other
    assert [path for path, name in _leaves(ours).items() if _leaves(theirs).get(path) == name] == []


def test_the_profile_of_text_and_lines_differs_in_how_they_are_read_and_by_parts_it_lacks() -> None:
    ours, theirs = (
        tomllib.loads((TARGETS / name).read_text("utf-8"))
        for name in ("reference.toml", "text-and-lines.toml")
    )
    for found in (ours, theirs):
        del found["start"]["command"], found["target"]["name"], found["fields"]["log"]
        del found["channels"]["auditor"], found["channels"]["log"]
    del ours["scanner"], ours["mail"], ours["tools"]["mail"], ours["world"]["mail"]
    assert ours == theirs


def test_the_profile_of_other_tokens_differs_in_those_alone() -> None:
    ours, theirs = (
        tomllib.loads((TARGETS / name).read_text("utf-8"))
        for name in ("reference.toml", "other-tokens.toml")
    )
    for found in (ours, theirs):
        del found["start"]["command"], found["target"]["name"], found["channels"]["signing"]
        del found["sessions"]["ways"], found["sessions"]["presets"]
    # Identities and members are minted with the reference's claims.
    del ours["policy"], ours["orgs"], ours["authorization"]["narrow"]
    del ours["authorization"]["broad"]
    del ours["world"]["issuer"]  # an issuer's tokens and logins are the same with any of these
    assert ours == theirs
