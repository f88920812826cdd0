"""The schema that editors use says what the loader says, and the file is what the code makes."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from datetime import date
from typing import TYPE_CHECKING, Any, cast

import pytest
from jsonschema import Draft7Validator

from conformance import catalogue
from conformance.profile import reading as profile
from conformance.profile import reference, schema
from conformance.profile.references import section_of
from conformance.profile.sections import ByIdTool
from conformance.profile.target import Target
from conformance.run.refreshing import COMMAND
from conformance.selftest.judging import PROFILE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conformance.profile.sections import Section

FILE = ROOT / "fixtures" / "schemas" / "profile.schema.json"
PROFILES = sorted((ROOT / "fixtures" / "targets").glob("*.toml"))
BASE = '[target]\nurl = "http://127.0.0.1/"\n'


def problems(text: str) -> list[str]:
    """Return what the schema has against a profile."""
    document = json.loads(json.dumps(tomllib.loads(text), default=date.isoformat))
    validator: Any = Draft7Validator(schema.profile_schema())
    return [str(error.message) for error in validator.iter_errors(document)]


def test_the_file_is_what_the_code_makes() -> None:
    assert FILE.read_text("utf-8") == schema.text(), f"it is stale: run {COMMAND}"


def test_the_command_prints_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "conformance", "schema"], cwd=ROOT, capture_output=True, check=True
    )
    assert done.stdout.decode() == schema.text()


def test_it_is_a_schema() -> None:
    Draft7Validator.check_schema(schema.profile_schema())


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.name)
def test_our_profiles_fit_and_name_it(path: Path) -> None:
    text = path.read_text("utf-8")
    assert problems(text) == []
    word, _, place = text.splitlines()[0].partition(" ")
    assert word == "#:schema"
    assert (path.parent / place).resolve() == FILE


def test_the_selftests_profile_fits() -> None:
    assert problems(PROFILE) == []


REFERENCED = [
    '[admin]\ntoken = { env = "X" }',
    '[admin]\ntoken = { file = "x" }',
    '[admin]\ntoken = { state = "x" }',
    '[channels.log]\nfile = "/var/log/x"',
    '[channels.log]\nfile = { state = "log_file" }',
    '[channels.clock]\nfile = { env = "CLOCK" }',
    '[known_failures."AUTH-03"]\nreason = "x"\nuntil = 2030-01-31',
    '[not_applicable]\nAUTH = "x"\n"RLS-01" = "y"',
    '[tools.validated]\nname = "x"\narguments = { file = "x" }\nbad_arguments = {}',
    '[oauth]\nstart = "/a"\nfinish = "/b"\nplatforms = ["a", "b"]',
]


@pytest.mark.parametrize("more", REFERENCED)
def test_what_the_loader_takes_it_takes(
    more: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, state = tmp_path / "p.toml", tmp_path / "s.json"
    path.write_text(BASE + more, encoding="utf-8")
    (tmp_path / "x").write_text("from a file", encoding="utf-8")
    state.write_text('{"x": "from the state", "log_file": "/var/log/x"}', encoding="utf-8")
    monkeypatch.setenv("X", "from the environment")
    monkeypatch.setenv("CLOCK", "/var/clock")
    assert profile.load(path, state=state).url == "http://127.0.0.1/"
    assert problems(BASE + more) == []


def test_whole_tables_may_stand_in_the_state_with_their_secrets(tmp_path: Path) -> None:
    path, state = tmp_path / "p.toml", tmp_path / "s.json"
    more = (
        '[channels]\nsigning = { state = "signing" }\n'
        '[sessions]\nways = { state = "ways" }\npresets = { state = "presets" }'
    )
    path.write_text(BASE + more, encoding="utf-8")
    told = {
        "signing": {"secret": "a secret", "issuer": "by"},
        "ways": [{"cookie": "sid"}, {"header": "X-Word", "proxy": {"secret": "another"}}],
        "presets": {"web": {"words": ["--web"], "ways": ["sid"]}},
    }
    state.write_text(json.dumps(told), encoding="utf-8")
    found = profile.load(path, state=state)
    assert found.channels.signing is not None
    assert (found.channels.signing.secret, found.channels.signing.issuer) == ("a secret", "by")
    assert [way.title for way in found.ways] == ["sid", "X-Word"]
    assert {"a secret", "another"} <= set(found.secrets())
    assert found.sessions.presets
    assert problems(BASE + more) == []


MISTAKEN = [
    "naem = 1",
    "[tagret]",
    '[admin]\ntoken = "plain"',
    '[admin]\ntoken = { environment = "X" }',
    '[admin]\ntoken = { env = "X", file = "y" }',
    "[admin]",
    '[tenants.a]\nid = "x"\nkey = { env = "X" }',
    "[limits]\nblock_seconds = -1",
    '[limits]\nblock_seconds = "many"',
    "[timing]\nshare = 1.5",
    '[routes]\nhealht = "/x"',
    '[known_failures."AUTH-99"]\nreason = "x"\nuntil = 2030-01-31',
    '[known_failures."AUTH-03"]\nreason = "x"',
    '[known_failures."AUTH-03"]\nuntil = 2030-01-31',
    '[known_failures."AUTH-03"]\nreason = ""\nuntil = 2030-01-31',
    '[not_applicable]\nAUHT = "x"',
    '[not_applicable]\nAUTH = ""',
    "[not_applicable]\nAUTH = true",
    '[channels.app_sql]\ndsn = "postgresql://u:p@h/d"\ninsert = "x"',
    '[tools.validated]\nname = "x"',
    '[oauth]\nstart = "/a"\nfinish = "/b"\nplatforms = ["a"]',
]


@pytest.mark.parametrize("more", MISTAKEN)
def test_what_the_loader_refuses_it_refuses(
    more: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"{more}\n{BASE}" if more.startswith("naem") else BASE + more
    monkeypatch.setenv("X", "from the environment")
    path = tmp_path / "p.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(profile.ProfileError):
        profile.load(path)
    assert problems(text)


def test_every_secret_takes_references_alone() -> None:
    """All sections are looked at, so that a new one cannot bring a secret in the clear."""
    reference = [{"$ref": f"#/definitions/{name}"} for name in ("Reference", "Credential")]
    definitions = cast("dict[str, Any]", schema.profile_schema()["definitions"])
    seen = [
        definitions[section.__name__]["properties"][name]
        for section, name, field in fields(Target)
        if "_from_outside" in str(field)
    ]
    assert len(seen) > 5
    assert all(entry in reference for entry in seen)


def fields(section: type[Section]) -> Iterator[tuple[type[Section], str, Any]]:
    """Yield every field of a section and of all sections below it."""
    for name, field in section.model_fields.items():
        inner = section_of(field.annotation)
        if inner is None:
            yield section, name, field
        else:
            yield from fields(inner)


def test_every_requirement_and_area_can_be_completed() -> None:
    properties = cast("dict[str, Any]", schema.profile_schema()["properties"])
    ids = set(catalogue.requirements())
    assert set(properties["known_failures"]["properties"]) == ids
    assert set(properties["not_applicable"]["properties"]) == ids | set(catalogue.areas())


def test_the_reference_has_the_entries_of_what_may_stand_several_times() -> None:
    page = reference.text()
    table = page[page.index("## `[[tools.by_id]]`") :].partition("\n## ")[0]
    assert all(f"| `{name}` |" in table for name in ByIdTool.model_fields)
