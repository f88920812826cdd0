"""Secrets at rest on a server of another make: a column of JSON, files and a rotation."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.postgres import postgres
from conformance.selftest.strongrooms import TRACE, build, porter
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from conformance.selftest.judging import Judged

pytestmark = pytest.mark.slow

BOXES = f"""
[headers]
request_id = "{TRACE}"
[vault.store]
request = {{ method = "PUT", path = "/box", body = {{ text = "{{secret}}" }} }}
reference = "box.of"
[vault.use]
request = {{ method = "POST", path = "/box/open" }}
digest = "sha"
[vault.delete]
request = {{ method = "DELETE", path = "/box/{{reference}}" }}
"""
ROWS = """
[channels.app_sql]
dsn = { file = "app" }
tenant_setting = "strongroom.holder"
tenant_column = "holder"
data_table = "strongroom.boxes"
insert = "INSERT INTO strongroom.boxes VALUES (%(tenant)s, to_jsonb(%(unique)s::text))"
[channels.auditor]
dsn = { file = "owner" }
table = "strongroom.doings"
[fields.trail]
order = "n"
created_at = "at"
event = "doing"
outcome = "ended"
tenant = "holder"
address = false
request_id = "trace"
identity = false
metadata = false
[events.outcomes]
success = "well"
failure = "badly"
[vault.table]
name = "strongroom.boxes"
ciphertext = "box.ct"
nonce = "box.iv"
wrapped_key = "box.edk"
context = ["box.kek"]
"""
PROGRAM = [sys.executable, "-m", "conformance.selftest.strongrooms"]
OF_ROWS = (
    ("leaves the key", "VAULT-03"),
    ("asks nobody", "VAULT-04"),
    ("opens anything", "VAULT-05"),
    ("has a spare", "VAULT-05"),
    ("tells nobody", "VAULT-05"),
)
OF_FILES = ("lets all read", "writes over", "opens anything", "has a spare")
OF_ROTATION = ("remembers its key", "turns nothing")


@pytest.fixture(scope="module")
def database() -> Generator[str]:
    with postgres() as conninfo:
        yield conninfo


def files(setup: Path) -> str:
    command = [*PROGRAM, "serve", str(setup), "--port", "{port}", "--lock", "{secrets}"]
    told = json.loads(setup.read_text("utf-8"))
    return f"""
[channels.launch]
command = {json.dumps(command)}
secrets_dir = {json.dumps(told["lock"])}
required_secrets = ["current"]
[vault.files]
words = ["--folder", "{{folder}}"]
"""


def rotation(setup: Path) -> str:
    return f"[vault.rotation]\ncommand = {json.dumps([*PROGRAM, 'rotate', str(setup)])}\n"


def judged(folder: Path, setup: Path, more: str) -> Judged:
    told = json.loads(setup.read_text("utf-8"))
    for name in ("app", "owner"):
        (folder / name).write_text(told[name], "utf-8")
    with serving(porter(setup)) as url:
        profile = PROFILE + BOXES + more
        return judge(folder, f"--target={url}", "--area=VAULT", profile=profile)


def test_a_right_strongroom_passes(tmp_path: Path, database: str) -> None:
    setup = build(database, tmp_path)
    found = judged(tmp_path, setup, ROWS + files(setup) + rotation(setup))
    assert set(found.verdicts.values()) == {"pass"}, found.output
    assert found.code == 0


@pytest.mark.parametrize("kind", ["json", "text"])
def test_json_is_seen_in_any_column(tmp_path: Path, database: str, kind: str) -> None:
    found = judged(tmp_path, build(database, tmp_path, kind), ROWS)
    others = {f"VAULT-0{number}" for number in range(1, 6)}
    assert {one for one, verdict in found.verdicts.items() if verdict == "pass"} == others
    assert found.violations == set()


@pytest.mark.parametrize(("mistake", "broken"), OF_ROWS)
def test_each_mistake_with_rows_is_found(
    tmp_path: Path, database: str, mistake: str, broken: str
) -> None:
    found = judged(tmp_path, build(database, tmp_path, mistake=mistake), ROWS)
    assert found.violations == {broken}, found.output


@pytest.mark.parametrize("mistake", OF_FILES)
def test_each_mistake_with_files_is_found(tmp_path: Path, database: str, mistake: str) -> None:
    setup = build(database, tmp_path, mistake=mistake)
    assert judged(tmp_path, setup, files(setup)).violations == {"VAULT-06"}


@pytest.mark.parametrize("mistake", OF_ROTATION)
def test_each_mistake_of_a_rotation_is_found(tmp_path: Path, database: str, mistake: str) -> None:
    setup = build(database, tmp_path, mistake=mistake)
    assert judged(tmp_path, setup, ROWS + rotation(setup)).violations == {"VAULT-07"}


def test_what_cannot_be_seen_is_not_assessed_and_says_what_would_show_it(
    tmp_path: Path, database: str
) -> None:
    found = judged(tmp_path, build(database, tmp_path), "")
    assert set(found.verdicts.values()) == {"not assessed"}
    lacks = {str(one["id"]): str(one["reason"]) for one in found.lines if "verdict" in one}
    for number, section in (("4", "table"), ("5", "table"), ("6", "files"), ("7", "rotation")):
        assert f"[vault.{section}]" in lacks[f"VAULT-0{number}"]


def test_a_whole_column_of_json_is_not_judged_as_one_part(tmp_path: Path, database: str) -> None:
    whole = ROWS.replace('"box.ct"', '"box"')
    found = judged(tmp_path, build(database, tmp_path), whole)
    assert found.violations == set()
    lacks = {str(one["id"]): str(one["reason"]) for one in found.lines if "verdict" in one}
    assert "box.ciphertext" in lacks["VAULT-04"]
