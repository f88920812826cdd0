"""The gate: exit codes, what an absent channel comes to, and the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.model import Verdict
from conformance.profile import reading as profile
from conformance.profile.sections import Resolved
from conformance.profile.target import Target
from load import gate
from load.invariants import AUDIT, Ruling
from load.ledger import Ledger
from load.setting import SettingError, open_setting
from load.tests.planting import faultless, seen

if TYPE_CHECKING:
    from pathlib import Path

KEY = "key-of-tenant-a-that-nobody-may-see"
PASSWORD = "password-of-the-auditor"


def target(**channels: Any) -> Target:
    tenants = {
        "a": {"id": "tenant-a-id", "key": Resolved(KEY), "canary": "canary-a"},
        "b": {"id": "tenant-b-id", "key": Resolved("key-of-tenant-b"), "canary": "canary-b"},
    }
    limits = {"address_requests": 5, "tenant_requests": 20}
    return Target.model_validate(
        {
            "target": {"url": "http://127.0.0.1:9/mcp", "name": "a\x1b[31mb"},
            "tenants": tenants,
            "limits": limits,
            "channels": channels,
        }
    )


def ruling(verdict: Verdict) -> Ruling:
    return Ruling("something", verdict, "because")


@pytest.mark.parametrize(
    ("verdicts", "accepts_unseen", "code"),
    [
        ([Verdict.PASS, Verdict.PASS], False, 0),
        ([Verdict.PASS, Verdict.FAIL], False, 1),
        ([Verdict.PASS, Verdict.FAIL], True, 1),
        ([Verdict.PASS, Verdict.NOT_ASSESSED], False, 1),
        ([Verdict.PASS, Verdict.NOT_ASSESSED], True, 0),
        ([Verdict.NOT_ASSESSED, Verdict.NOT_ASSESSED], True, 1),
        ([], True, 1),
    ],
)
def test_only_what_was_seen_to_hold_exits_with_0(
    verdicts: list[Verdict],
    accepts_unseen: bool,  # noqa: FBT001 -- pytest passes it by name
    code: int,
) -> None:
    assert gate.exit_code([ruling(one) for one in verdicts], accepts_unseen=accepts_unseen) == code


def test_without_the_auditor_channel_the_trail_is_not_assessed() -> None:
    rulings = gate.assess(faultless().observations, target(), is_fresh=True)
    audit = next(one for one in rulings if one.invariant == AUDIT)
    assert audit.verdict is Verdict.NOT_ASSESSED
    assert "[channels.auditor]" in audit.evidence


def test_a_trail_that_cannot_be_read_is_not_assessed_and_tells_no_password() -> None:
    dsn = Resolved(f"postgresql://auditor:{PASSWORD}@127.0.0.1:9/none")
    rulings = gate.assess(faultless().observations, target(auditor={"dsn": dsn}), is_fresh=True)
    assert rulings[0].verdict is Verdict.NOT_ASSESSED
    assert "cannot be read" in rulings[0].evidence
    assert PASSWORD not in rulings[0].evidence


def test_the_table_tells_figures_and_verdicts_and_cannot_steer_the_terminal() -> None:
    broken = Ruling(AUDIT, Verdict.FAIL, "gap\n\x1b[2J")
    text = gate.table(faultless().observations, [broken], target())
    assert "200: 15, 429: 3" in text
    assert "p50 100.0, p90 100.0, p99 100.0" in text
    assert f"FAIL          {AUDIT}  gap" in text
    assert "\x1b" not in text


def test_the_table_of_a_run_without_answers_says_so() -> None:
    assert "none answered" in gate.table([seen(1, status=0)], [], target())


def test_a_full_ledger_ends_the_run_once() -> None:
    ends: list[bool] = []
    ledger = Ledger(2, on_full=lambda: ends.append(True))
    for number in range(4):
        ledger.add(seen(number))
    assert ends == [True]


def test_a_target_away_from_loopback_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOAD_KEY", KEY)
    file = tmp_path / "profile.toml"
    file.write_text(
        '[target]\nurl = "https://mcp.example/mcp"\n'
        '[tenants.a]\nid = "a"\nkey = { env = "LOAD_KEY" }\n'
        '[tenants.b]\nid = "b"\nkey = { env = "LOAD_KEY" }\n'
    )
    assert profile.load(file).url == "https://mcp.example/mcp"
    with pytest.raises(SettingError, match="not on loopback"):
        open_setting(None, str(file), None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[target]\nurl = "http://127.0.0.1:9/mcp"\n', "the calls need keys"),
        ('[target]\nurl = "http://127.0.0.1:9/"\nurn = 1\n', "unknown key 'urn'"),
    ],
)
def test_a_profile_that_cannot_serve_is_refused_with_a_sentence(
    tmp_path: Path, text: str, sentence: str
) -> None:
    file = tmp_path / "profile.toml"
    file.write_text(text)
    with pytest.raises(SettingError, match=sentence):
        open_setting(None, str(file), None)


def test_a_url_without_a_state_file_asks_for_one() -> None:
    with pytest.raises(SettingError, match="--state=FILE"):
        open_setting("http://127.0.0.1:9/mcp", None, None)
