"""Servers with published mistakes: each is caught for what it is, and for nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.selftest.advisories import (
    ADVISORIES,
    BEARER,
    COOKIE,
    FIELD,
    WORD,
    App,
    serving_asgi,
)
from conformance.selftest.judging import PROFILE, ROOT, judge
from conformance.selftest.token_servers import SECRET, Verifier, issued, pem_of

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.selftest.advisories import Advisory, Form
    from conformance.selftest.judging import Judged

JUDGED = ("JWT-01", "JWT-02", "JWT-03", "JWT-04")
NAMES = {
    "iss": "issuer",
    "aud": "audience",
    "sub": "subject",
    "exp": "expiry",
    "nbf": "not_before",
    "iat": "issued_at",
    "jti": "identity",
}


def judged(folder: Path, monkeypatch: pytest.MonkeyPatch, verifier: Verifier, form: Form) -> Judged:
    algorithm = verifier.algorithm
    for label in "ab":
        token = issued(f"tenant-{label}", algorithm, form.names)
        monkeypatch.setenv(f"TOKEN_{label.upper()}", token)
    key = "secret" if algorithm == "HS256" else "private_key"
    monkeypatch.setenv("SIGNING_KEY", SECRET if key == "secret" else pem_of(algorithm).decode())
    told = PROFILE
    for label in "ab":
        own = f'id = "tenant-{label}"\n'
        told = told.replace(own, f'{own}session = {{ env = "TOKEN_{label.upper()}" }}\n')
    told += f'{form.way}[channels.signing]\n{key} = {{ env = "SIGNING_KEY" }}\n'
    told += "".join(f'{NAMES[ours]} = "{theirs}"\n' for ours, theirs in form.names.items())
    with serving_asgi(App(verifier, form)) as url:
        words = (f"--target={url}", f"--requirement={','.join(JUDGED)}")
        return judge(folder, *words, profile=told)


@pytest.mark.slow
@pytest.mark.parametrize("advisory", ADVISORIES, ids=lambda one: one.name)
def test_a_published_mistake_is_caught_for_what_it_is(
    advisory: Advisory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = advisory.verifier(advisory.algorithm, names=advisory.form.names)
    found = judged(tmp_path, monkeypatch, verifier, advisory.form)
    expected = {name: "fail" if name == advisory.fails else "pass" for name in JUDGED}
    assert found.verdicts == expected, found.output[-3000:]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "algorithm"), [(BEARER, "RS256"), (FIELD, "ES256"), (COOKIE, "HS256"), (WORD, "ES256")]
)
def test_without_a_mistake_no_form_is_accused(
    form: Form, algorithm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = judged(tmp_path, monkeypatch, Verifier(algorithm, names=form.names), form)
    assert found.verdicts == dict.fromkeys(JUDGED, "pass"), found.output[-3000:]


def test_each_advisory_stands_in_the_documentation() -> None:
    """With the library that it is of, and the requirement that catches it."""
    text = (ROOT / "docs" / "session-tokens.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    missing = [
        one.name
        for one in ADVISORIES
        if not any(one.name in row and one.fails in row and one.library in row for row in rows)
    ]
    assert missing == []
    assert len({one.name for one in ADVISORIES}) >= 10
