"""A target whose certificate a private authority issued is judged by all who trust that one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.channels.http.transcript import Transcript
from conformance.channels.http.wire import Wire
from conformance.channels.programs.official_client import converse
from conformance.manners.addresses import AddressPool
from conformance.manners.budget import Budget
from conformance.profile import reading
from conformance.selftest.hostile.certificates import Authority
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.sessions import Sessions
from conformance.selftest.targets import KEYS, Good, serving
from conformance.text.redaction import Redactor

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.channels.programs.official_client import Conversation

URL = 'url = "http://127.0.0.1/"'


def knowing(authority: Authority, more: str = "") -> str:
    """Return a profile that names the authority's file."""
    return PROFILE.replace(URL, f'{URL}\nca_bundle = "{authority.file}"') + more


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.new(tmp_path)


def test_a_profile_names_the_authority(tmp_path: Path, authority: Authority) -> None:
    with serving(Good, authority.context("in order")) as url:
        words = (f"--target={url}", "--requirement=AUTH-01")
        known = judge(tmp_path, *words, profile=knowing(authority))
        unknown = judge(tmp_path, *words, profile=PROFILE)
    assert known.verdicts == {"AUTH-01": "pass"}, known.output
    assert unknown.verdicts == {"AUTH-01": "inconclusive"}


def test_the_clock_trusts_it_too(tmp_path: Path, authority: Authority) -> None:
    tolerant = "\n[timing]\nmicroseconds = 5000\ntail_share = 0.2\n"
    with serving(Good, authority.context("in order")) as url:
        words = (f"--target={url}", "--requirement=TIME-01")
        found = judge(tmp_path, *words, profile=knowing(authority, tolerant))
    assert found.verdicts == {"TIME-01": "pass"}, found.output


def conversed(url: str, bundle: str | None) -> Conversation:
    """Let the official client speak with a target."""
    target = reading.from_url(url)
    endpoint = target.target.model_copy(update={"ca_bundle": bundle})
    target = target.model_copy(update={"target": endpoint})
    line = Wire(target, "", Budget(AddressPool(target, 0), target.limits), Transcript(Redactor({})))
    try:
        return converse(line, next(iter(KEYS)), "legacy", ())
    finally:
        line.close()


def test_the_official_client_trusts_what_the_profile_names(authority: Authority) -> None:
    with serving(Sessions, authority.context("in order")) as url:
        assert conversed(url, str(authority.file)).done == "everything"
        assert "CERTIFICATE_VERIFY_FAILED" in str(conversed(url, None).error)


def test_the_official_client_trusts_what_the_environment_names(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the judge does, which would accuse a target of its own client's distrust otherwise."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with serving(Sessions, authority.context("in order")) as url:
        assert conversed(url, None).done == "everything"


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_a_file_without_certificates_is_told_with_its_line(
    tmp_path: Path, text: str | None
) -> None:
    bundle, path = tmp_path / "bundle.pem", tmp_path / "p.toml"
    if text is not None:
        bundle.write_text(text, encoding="utf-8")
    path.write_text(f'[target]\n{URL}\nca_bundle = "{bundle}"\n', encoding="utf-8")
    with pytest.raises(reading.ProfileError, match=r"p\.toml:3: target\.ca_bundle: .*PEM file"):
        reading.load(path)
