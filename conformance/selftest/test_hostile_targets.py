"""The judge against targets that flood, stall, babble and lie: an honest verdict at a bounded cost.

Each is judged by all there is, in a process of its own, as a user would.
"""

from __future__ import annotations

import re
import unicodedata
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from conformance.channels.http.discovery import Discovery, discover
from conformance.channels.http.transcript import Transcript
from conformance.channels.http.wire import Wire
from conformance.manners.addresses import AddressPool
from conformance.manners.budget import Budget
from conformance.profile.reading import from_url
from conformance.selftest.hostile.behaviours import BEHAVIOURS, UNDECIDED, USAGE, VIOLATION
from conformance.selftest.hostile.certificates import KINDS, Authority
from conformance.selftest.hostile.liars import MARK, Trap
from conformance.selftest.hostile.line import playing
from conformance.selftest.hostile.plays import yes_to_all
from conformance.selftest.hostile.watched import MEBIBYTES, SECONDS, watch
from conformance.selftest.judging import PROFILE
from conformance.selftest.targets import KEYS, REVOKED
from conformance.text.redaction import Redactor, spellings

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.selftest.hostile.behaviours import Behaviour
    from conformance.selftest.hostile.watched import Watched
    from conformance.selftest.judging import Judged

pytestmark = pytest.mark.slow

_SPARED = "[not_applicable]\n" + "".join(
    f'"{name}" = "a server of tests, which nobody attacks"\n'
    for name in ("MCP-29", "MCP-30", "RATE-12")
)
"""Most would be served beside it, and be seen to be, which takes ten seconds of each."""
QUICK = PROFILE + "[timing]\nseconds = 0.2\n" + _SPARED
TIMELESS = PROFILE + _SPARED + 'TIME = "a server of tests, which nobody times"\n'
"""For those that refuse as they should, whose times would be taken for minutes."""
IN_FULL = {name: one for name, one in BEHAVIOURS.items() if not one.is_form}
EVERY_THIRD = [
    pytest.param(name, marks=() if turn % 3 == 0 else pytest.mark.hostile)
    for turn, name in enumerate(IN_FULL)
]
"""A whole judgement of each takes minutes in all: a third of them is judged each time."""
DEAD = {name: one for name, one in BEHAVIOURS.items() if one.is_dead}
_FENCED = re.compile(r"^ *(`{3,}|~{3,})[^\n]*\n.*?^ *\1 *$", re.MULTILINE | re.DOTALL)
_OF_PYTHON = re.compile(r"\b[A-Z]\w*(Error|Exception)\b|Traceback")


def test_there_are_enough_of_them() -> None:
    assert len(IN_FULL) + len(KINDS) - 1 >= 25


@pytest.mark.parametrize("name", EVERY_THIRD)
def test_a_hostile_target_gets_its_honest_verdict_at_a_bounded_cost(
    tmp_path: Path, name: str
) -> None:
    behaviour = IN_FULL[name]
    with behaviour.serve() as url:
        found = watch(tmp_path, url, profile=TIMELESS if behaviour.is_liar else QUICK)
    require_bounds(found)
    if behaviour.is_stranger:
        require_one_sentence(found.judged, behaviour)
    else:
        require_honesty(found.judged, behaviour)
        require_nothing_leaked(found.judged)
        require_nothing_alive(found.judged)
    assert not Trap.seen


@pytest.mark.parametrize("name", ["error to all", "yes to all"])
def test_without_a_profile_nothing_passes_either(tmp_path: Path, name: str) -> None:
    """Whoever lets everybody in fails AUTH even for a judge who has no key."""
    with IN_FULL[name].serve() as url:
        found = watch(tmp_path, url, profile=None)
    require_bounds(found)
    verdicts = found.judged.verdicts
    assert "pass" not in verdicts.values()
    assert verdicts["AUTH-01"] == "fail"
    assert found.judged.code == VIOLATION


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_certificate_in_order_is_trusted(tmp_path: Path, kind: str) -> None:
    """All but the self-signed one come from an authority that the judge trusts."""
    authority = Authority.new(tmp_path)
    with playing(yes_to_all, authority.context(kind)) as url:
        found = watch(
            tmp_path,
            url,
            "--requirement=AUTH-01",
            profile=QUICK,
            more={"SSL_CERT_FILE": str(authority.file)},
        )
    require_bounds(found)
    require_nothing_leaked(found.judged)
    if kind == "in order":
        assert found.judged.verdicts == {"AUTH-01": "fail"}
    else:
        assert found.judged.verdicts == {"AUTH-01": "inconclusive"}
        assert "certificate not trusted" in reasons(found.judged)
        assert found.judged.code == UNDECIDED


def test_every_dead_target_is_found_to_be_dead_in_time() -> None:
    """All at once, since the silent ones take their time: discovery alone, without the judge."""
    with ThreadPoolExecutor(len(DEAD)) as pool:
        found = dict(zip(DEAD, pool.map(discovered, DEAD.values()), strict=True))
    alive = [name for name, one in found.items() if one.alive]
    odd = {name: one.reason for name, one in found.items() if DEAD[name].told not in one.reason}
    assert not alive
    assert not odd


def test_an_exchange_ends_in_time_however_the_bytes_arrive() -> None:
    """A read never waits long at a drip, so only the exchange as a whole can be over."""
    for name in ("slow drip of a head", "slow drip of a body", "comments now and then"):
        with BEHAVIOURS[name].serve() as url:
            line = new_wire(url)
            got = line.derived(seconds=0.7).knock()
            line.close()
        assert got.was_abandoned, name
        assert 0.6 < got.seconds < 3, name


def discovered(behaviour: Behaviour) -> Discovery:
    """Find out about a target in this process."""
    with behaviour.serve() as url:
        line = new_wire(url)
        found = discover(line, None)
        line.close()
    return found


def new_wire(url: str) -> Wire:
    """Return a line to a URL of which nothing is known."""
    target = from_url(url)
    budget = Budget(AddressPool(target, 0), target.limits)
    return Wire(target, "", budget, Transcript(Redactor({})), may_be_silent=True)


# -- what must hold ---------------------------------------------------------------------------


def require_bounds(found: Watched) -> None:
    assert found.seconds < SECONDS
    assert found.mebibytes < MEBIBYTES


def require_honesty(judged: Judged, behaviour: Behaviour) -> None:
    by_verdict: dict[str, set[str]] = {}
    for name, verdict in judged.verdicts.items():
        by_verdict.setdefault(verdict, set()).add(name)
    failed, passed = by_verdict.get("fail", set()), by_verdict.get("pass", set())
    assert passed <= behaviour.passes, f"passed: {passed - behaviour.passes}"
    assert behaviour.fails <= failed, f"not failed: {behaviour.fails - failed}"
    assert not {name for name in failed if name.startswith(behaviour.spared)}, "accused wrongly"
    if behaviour.is_dead:
        assert not failed, "a target with which there is no talking was accused"
    assert judged.code == (VIOLATION if judged.violations else UNDECIDED)
    assert behaviour.told in reasons(judged)
    assert not _OF_PYTHON.findall(reasons(judged)), "a reason speaks of our own inside"
    assert judged.lines[-1]["kind"] == "footer", "the run was cut short"


def require_one_sentence(judged: Judged, behaviour: Behaviour) -> None:
    assert judged.code == USAGE
    (told,) = judged.output.strip().splitlines()
    assert behaviour.told in told
    assert told.isprintable()
    assert not judged.lines


def reasons(judged: Judged) -> str:
    return "\n".join(
        str(line["reason"]) for line in judged.lines if line.get("verdict") == "inconclusive"
    )


def require_nothing_leaked(judged: Judged) -> None:
    """No credential is in any file of the report, nor what would do for one."""
    written = judged.output + "".join(
        path.read_text("utf-8", "replace") for path in judged.folder.iterdir()
    )
    for secret in (*KEYS, REVOKED):
        found = [form for form in spellings(secret) if form[: max(12, len(form) // 2)] in written]
        assert not found


class _Tags(HTMLParser):
    """Collects what a browser would act on: elements by name, scripts, handlers."""

    def __init__(self) -> None:
        super().__init__()
        self.planted: list[str] = []
        self._is_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that nobody of ours wrote."""
        self._is_script = tag == "script" and dict(attrs).get("type") != "application/json"
        for name, value in attrs:
            told = value or ""
            if name.startswith("on") or (name in {"src", "href"} and MARK in told):
                self.planted.append(f"{tag} {name}={told[:60]}")

    def handle_data(self, data: str) -> None:
        """Note script text with the mark."""
        if self._is_script and MARK in data:
            self.planted.append(data[:60])

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 -- whichever it is
        """Leave the script."""
        self._is_script = False


def require_nothing_alive(judged: Judged) -> None:
    """No text of the target's is obeyed by a terminal, a browser or a parser of XML."""
    obeyed = {c for c in judged.output if unicodedata.category(c) in {"Cc", "Cf"}} - {"\n"}
    assert not obeyed, "the terminal would have obeyed the target"
    tags = _Tags()
    tags.feed((judged.folder / "report.html").read_text("utf-8"))
    assert not tags.planted
    ET.parse(judged.folder / "junit.xml")  # noqa: S314 -- our own file; that it parses is the point
    for name in ("junit.xml", "summary.md", "report.html", "run.jsonl"):
        text = (judged.folder / name).read_text("utf-8")
        assert "\x1b" not in text, name
        assert not {"\x9b", "\u202e"} & set(text), name
    # Inside a fence Markdown obeys nothing, up to a line with as many backticks.
    summary = _FENCED.sub("", (judged.folder / "summary.md").read_text("utf-8"))
    assert f"<script>{MARK}" not in summary
    assert f"![]({MARK}" not in summary
