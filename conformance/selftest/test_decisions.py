"""The parts on which every verdict rests."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from conformance import catalogue
from conformance.channels.http.answer import Answer, Transport
from conformance.forge.keys import malformed_keys, nearly, random_key, with_control_byte
from conformance.model import Basis, Channel, CheckResult, Finding, Impact, Verdict
from conformance.profile import reading as profile
from conformance.requirement import mark_of, requirement
from conformance.run.outcome import ItemOutcome, sentence_of
from conformance.text.redaction import Redactor, spellings
from conformance.verdicts import (
    CHECKS,
    NotAssessedError,
    NotEstablishedError,
    check_modules,
    establish,
    judge,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FunctionType

    from conformance.profile.target import Target

PACKAGE = Path(catalogue.__file__).parents[1]
LONGEST_MODULE = 400
KEY = "Zk3x-9fQw_27LmVb0RtYh5sDcPe8GjUa1NoXi4Tz6Kq"


def checks() -> list[tuple[str, FunctionType]]:
    """Return every check with the requirement it decides."""
    found: list[tuple[str, FunctionType]] = []
    for module in map(importlib.import_module, check_modules()):
        for name, value in vars(module).items():
            if name.startswith("test_") and value.__module__ == module.__name__:
                found.append((mark_of(value).args[0], value))
    return found


def test_no_clause_without_a_check_and_no_check_without_a_clause() -> None:
    assert {name for name, _ in checks()} == set(catalogue.requirements())


def test_every_check_says_why_its_evidence_decides() -> None:
    assert not [check.__name__ for _, check in checks() if not check.__doc__]


def test_a_check_stands_in_the_folder_of_its_area() -> None:
    misplaced: list[str] = []
    for name, check in checks():
        folder, area = check.__module__.split(".")[2], name.partition("-")[0].lower()
        if folder != area:
            misplaced.append(check.__name__)
    assert not misplaced


def test_other_tenants_keys_are_looked_at_before_a_rotations_grace_passes() -> None:
    """Checks run in this order; where a rotation touches everyone, none of their keys is left."""
    waiting = [
        check.__name__
        for name, check in checks()
        if name.startswith("ROT-") and "passage" in inspect.signature(check).parameters
    ]
    assert waiting[0] == "test_a_rotation_touches_no_other_tenant"


def test_an_unknown_requirement_fails_at_import() -> None:
    with pytest.raises(LookupError, match="AUTH-99"):
        requirement("AUTH-99")


def test_released_ids_are_still_there() -> None:
    for path in (catalogue.FOLDER / "released").glob("*.toml"):
        ids = tomllib.loads(path.read_text("utf-8"))["ids"]
        assert set(ids) <= set(catalogue.requirements())


def test_modules_are_short() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert not {path.name: n for path, n in lengths.items() if n >= LONGEST_MODULE}


def test_the_suite_never_sleeps() -> None:
    sleeping = re.compile(r"\btime\.sleep\(")
    assert not [p.name for p in PACKAGE.rglob("*.py") if sleeping.search(p.read_text("utf-8"))]


def raised(source: str, file: str) -> BaseException:
    """Return what a line of code raises when it stands in a file."""
    try:
        exec(compile(source, file, "exec"), {"establish": establish})  # noqa: S102 -- our own line
    except BaseException as error:  # noqa: BLE001 -- that is what is wanted
        return error
    raise LookupError("nothing was raised")


SHARED = str(CHECKS / "mcp" / "_common.py")
IN_A_CHECK = str(CHECKS / "auth" / "keys.py")
ELSEWHERE = str(PACKAGE / "channels" / "http" / "wire.py")


@pytest.mark.parametrize(
    ("phase", "source", "file", "verdict"),
    [
        ("call", "assert False", IN_A_CHECK, Verdict.FAIL),
        ("call", "assert False", ELSEWHERE, Verdict.INCONCLUSIVE),
        ("call", "assert False", SHARED, Verdict.INCONCLUSIVE),
        ("setup", "assert False", IN_A_CHECK, Verdict.INCONCLUSIVE),
        ("teardown", "assert False", IN_A_CHECK, Verdict.INCONCLUSIVE),
        ("call", "raise ValueError('ours')", IN_A_CHECK, Verdict.INCONCLUSIVE),
        ("call", "raise TimeoutError", IN_A_CHECK, Verdict.INCONCLUSIVE),
        ("call", "establish(False, 'x')", IN_A_CHECK, Verdict.INCONCLUSIVE),
    ],
)
def test_only_an_assertion_in_a_checks_body_accuses(
    phase: str, source: str, file: str, verdict: Verdict
) -> None:
    assert judge(phase, raised(source, file)) is verdict


def test_an_absent_channel_is_not_assessed_and_no_error_is_a_pass() -> None:
    assert judge("setup", NotAssessedError("x", Channel.KEYS)) is Verdict.NOT_ASSESSED
    assert judge("call", None) is Verdict.PASS


def test_the_good_case_must_hold() -> None:
    establish(condition=True, what="it works")
    with pytest.raises(NotEstablishedError, match="could not establish that it works"):
        establish(condition=False, what="it works")


@pytest.mark.parametrize(
    ("verdicts", "combined"),
    [
        ("PASS PASS", "PASS"),
        ("PASS FAIL INCONCLUSIVE", "FAIL"),
        ("PASS INCONCLUSIVE NOT_ASSESSED", "INCONCLUSIVE"),
        ("PASS NOT_ASSESSED", "NOT_ASSESSED"),
        ("", "NOT_ASSESSED"),
    ],
)
def test_what_went_partly_unseen_is_never_green(verdicts: str, combined: str) -> None:
    found = Verdict.combine([Verdict[name] for name in verdicts.split()])
    assert found is Verdict[combined]


def test_a_finding_tells_of_the_check_that_decided() -> None:
    entry = catalogue.requirements()["AUTH-01"]
    passed = CheckResult("one", Verdict.PASS)
    failed = CheckResult("two", Verdict.FAIL, "why", entry.clause, "seen")
    found = Finding.of(entry, (passed, failed), "again")
    assert (found.verdict, found.reason, found.seen) == (Verdict.FAIL, "why", "seen")


def test_every_accusation_has_words_of_its_own() -> None:
    """What a failed assertion compares is for whoever writes checks; a report shows the words."""
    wordless = [
        f"{module}:{node.lineno}"
        for module in check_modules()
        for node in ast.walk(ast.parse(inspect.getsource(importlib.import_module(module))))
        if isinstance(node, ast.Assert) and node.msg is None
    ]
    assert not wordless


def test_what_only_a_lesser_check_found_weighs_less() -> None:
    entry = catalogue.requirements()["MCP-10"]
    host = CheckResult("test_a_foreign_host_is_refused", Verdict.FAIL, "of Host")
    origin = CheckResult("test_a_foreign_origin_is_refused", Verdict.FAIL, "of Origin")
    passed = CheckResult(origin.name, Verdict.PASS)
    advice, both = Finding.of(entry, (host, passed)), Finding.of(entry, (host, origin))
    assert (advice.impact, advice.basis, advice.is_advice) == (Impact.LOW, Basis.HARDENING, True)
    assert (both.impact, both.basis, both.gates) == (Impact.HIGH, Basis.STANDARD, True)
    assert both.reason == "of Origin", "the graver one explains it"
    assert Finding.of(entry, (passed,)).impact is Impact.HIGH


def test_a_check_that_never_ended_is_inconclusive() -> None:
    outcome = ItemOutcome(catalogue.requirements()["AUTH-01"], "one")
    assert '"inconclusive"' in outcome.as_property()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a key was told\nassert not True", "a key was told"),
        ("it said {\n}\nassert 200 == 401\n + where 200 = …", "it said {\n}"),
        ("assert 200 == 401\n + where 200 = …", "assert 200 == 401"),
    ],
)
def test_the_reason_of_a_failure_is_what_the_check_says(text: str, sentence: str) -> None:
    assert sentence_of(text) == sentence


@pytest.mark.parametrize("form", spellings("s3cret/with+odd=characters"))
def test_a_secret_is_redacted_in_every_spelling(form: str) -> None:
    redact = Redactor({"s3cret/with+odd=characters": "the key"})
    assert redact(f"before {form} after") == "before <the key> after"


@pytest.mark.parametrize("secret", [KEY, 'a"b\\c-0123456789-d\\e"f', "a" * 400, KEY * 10])
@pytest.mark.parametrize("spell", [str, json.dumps, repr, ascii, quote])
def test_what_is_left_of_a_secret_is_redacted_wherever_it_was_cut(
    secret: str, spell: Callable[[str], str]
) -> None:
    redact, text = Redactor({secret: "the key"}), spell(secret)
    for cut in (text[1:], text[:-1], text[len(text) // 3 :], text[1:-1] + "\x1b" + text[2:-2]):
        shown = redact(f"before {cut} after" * 5)
        left = [text[at : at + 12] for at in range(len(text) - 12) if text[at : at + 12] in shown]
        assert not left


@pytest.mark.parametrize("spoil", [with_control_byte, str.swapcase, nearly])
def test_a_key_spoilt_on_purpose_is_redacted(spoil: Callable[[str], str]) -> None:
    redact = Redactor({KEY: "the key"})
    spoilt = spoil(KEY)
    redact.learn_changed(spoilt)
    assert redact(f"sent {spoilt}") == "sent <the key, changed>"


def test_a_key_that_has_nothing_of_a_secret_is_none() -> None:
    redact, other = Redactor({KEY: "the key"}), random_key()
    redact.learn_changed(other)
    assert redact(f"sent {other}") == f"sent {other}"


def test_half_a_secret_is_redacted_where_pytest_cuts_the_middle_out() -> None:
    redact = Redactor({"abcdefghijklmnopqrstuvwxyz": "the key"})
    assert redact("'abcdefghij...") == "'<the key>..."
    assert redact("...stuvwxyz'") == "...<the key>'"


def test_an_answer_reads_json_event_streams_and_garbage() -> None:
    stream = b'event: message\r\ndata: {"jsonrpc":"2.0","id":1,"result":{"a":1}}\r\n\r\n'
    assert Answer(Transport.ANSWERED, 200, body=stream).result == {"a": 1}
    assert Answer(Transport.ANSWERED, 200, body=b'{"result":{}}').executed
    for body in (b"", b"[]", b"{", b"\xff\xfe", b"[" * 200_000):
        answer = Answer(Transport.ANSWERED, 200, body=body)
        assert not answer.succeeded
        assert not answer.executed
        assert answer.structured == {}


def test_two_answers_compare_without_what_belongs_to_one_request() -> None:
    def answer(identity: str, extra: str) -> Answer:
        headers = (("X-Request-Id", identity), ("Date", extra), ("X-Kind", "same"))
        body = f'{{"error":"x","id":"{identity}"}}'.encode()
        return Answer(Transport.ANSWERED, 401, headers, body, scrub=(identity,))

    assert answer("one", "now").visible == answer("two", "later").visible
    assert answer("one", "now").visible != Answer(Transport.ANSWERED, 401).visible


def test_malformed_keys_differ_from_the_real_one() -> None:
    real = random_key()
    assert real not in malformed_keys(real).values()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[target]\nurl = "http://x/"\nnaem = "y"', "p.toml:3: target.naem: unknown key 'naem'"),
        ("[target]", "target.url: is missing"),
        ('[target]\nurl = "x"', "not an http or https URL"),
        (
            '[target]\nurl = "http://x/"\n[admin]\ntoken = "plain"',
            "p.toml:4: admin.token: a secret",
        ),
        (
            '[target]\nurl = "http://x/"\n[admin]\ntoken = { env = "HALLMARK_NOT_SET" }',
            "p.toml:4: admin.token is taken from env 'HALLMARK_NOT_SET'; set the environment",
        ),
        ("[target", "is not TOML"),
        ('[target]\nurl = "http://x/"\n[limits]\nblock_seconds = -1', "p.toml:4: limits.block_s"),
    ],
)
def test_a_mistake_in_a_profile_is_named_with_its_line(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "p.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(profile.ProfileError) as error:
        profile.load(path)
    assert told in str(error.value)


def test_a_target_never_shows_its_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HALLMARK_TOKEN", "a-very-secret-token")
    path = tmp_path / "p.toml"
    text = '[target]\nurl = "http://x/"\n[admin]\ntoken = { env = "HALLMARK_TOKEN" }'
    path.write_text(text, encoding="utf-8")
    target: Target = profile.load(path)
    values: list[Any] = [target, target.admin, [target.admin], {"admin": target.admin}]
    assert target.secrets() == {"a-very-secret-token": "admin.token"}
    assert not [value for value in values if "secret-token" in f"{value!r} {value}"]
