"""OAUTH-03 and OAUTH-05 on flows that are begun and finished by redirects, queries and forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.profile import reading
from conformance.selftest import flows
from conformance.selftest.flows import POSTED, REDIRECTED
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from pathlib import Path

FINISHED = 'finished = "connected=yes"\n'


def verdict(folder: Path, kind: type[flows.Connects], name: str, profile: str) -> tuple[str, str]:
    """Return the verdict on a server and its reason."""
    with serving(kind) as url:
        words = (f"--target={url}", f"--requirement={name}")
        judged = judge(folder, *words, profile=PROFILE + profile)
    found = next(one for one in judged.lines if one.get("id") == name)
    return str(found["verdict"]), str(found["reason"])


@pytest.mark.parametrize("profile", [REDIRECTED, POSTED, REDIRECTED + FINISHED])
@pytest.mark.parametrize(
    ("name", "lacks"), [("OAUTH-03", "authorization.users"), ("OAUTH-05", "channels.clock")]
)
def test_flows_in_other_forms_lack_nothing_but_channels(
    tmp_path: Path, name: str, lacks: str, profile: str
) -> None:
    found, reason = verdict(tmp_path, flows.Connects, name, profile)
    assert found == "not assessed", reason
    assert lacks in reason


@pytest.mark.parametrize("profile", [REDIRECTED, POSTED])
@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        (flows.Plain, "OAUTH-03", "plain"),
        (flows.WithoutProof, "OAUTH-03", "without a challenge"),
        (flows.KeepsStates, "OAUTH-05", "good twice"),
        (flows.AnyTenants, "OAUTH-05", "another tenant finished"),
    ],
)
def test_what_is_wrong_with_them_is_found(
    tmp_path: Path, kind: type[flows.Connects], name: str, told: str, profile: str
) -> None:
    found, reason = verdict(tmp_path, kind, name, profile)
    assert found == "fail", reason
    assert told in reason


def test_a_state_that_nobody_looks_at_is_found_where_the_profile_says_what_finishes(
    tmp_path: Path,
) -> None:
    profile = REDIRECTED + FINISHED
    assert verdict(tmp_path, flows.LooksAtNoState, "OAUTH-05", profile)[0] == "fail"


def test_redirects_that_are_all_alike_decide_nothing(tmp_path: Path) -> None:
    found, reason = verdict(tmp_path, flows.LooksAtNoState, "OAUTH-05", REDIRECTED)
    assert found == "inconclusive", reason


def test_a_flow_that_is_bound_to_its_browser_can_be_finished(tmp_path: Path) -> None:
    found, reason = verdict(tmp_path, flows.InACookie, "OAUTH-05", REDIRECTED)
    assert found == "not assessed", reason


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ('{ path = "/x/{tenant}" }', "{tenant} is not filled in"),
        ('{ method = "GET", path = "/x", form = { a = "b" } }', "has no body"),
        ('{ path = "/x", body = {}, form = {} }', "has a form and a body"),
        ('"x"', "write one that begins with /"),
    ],
)
def test_a_mistake_in_a_request_is_named(tmp_path: Path, entry: str, told: str) -> None:
    path = tmp_path / "p.toml"
    text = f'[target]\nurl = "http://x/"\n[oauth]\nstart = "/a"\nfinish = {entry}\n'
    path.write_text(f'{text}platforms = ["a", "b"]\n', encoding="utf-8")
    with pytest.raises(reading.ProfileError) as error:
        reading.load(path)
    assert told in str(error.value)


def test_a_path_alone_is_posted_to(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    text = '[target]\nurl = "http://x/"\n[oauth]\nstart = "/a"\nfinish = "/b"\n'
    path.write_text(f'{text}platforms = ["a", "b"]\n', encoding="utf-8")
    found = reading.load(path).oauth
    assert found is not None
    assert (found.finish.method, found.finish.path) == ("POST", "/b")
    assert not found.finish.shows_the_state
