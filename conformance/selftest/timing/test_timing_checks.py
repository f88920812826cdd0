"""The checks of TIME as a whole, on small targets; the words and drawings around them."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, cast
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from conformance.forge.keys import nearly, of_another_form, random_like
from conformance.selftest.judging import PROFILE, Judged, judge
from conformance.selftest.targets import KEYS, Good, OpenToAll, TellsUnknownKeys, serving
from conformance.timing.benchmark import Run, Series, main
from conformance.timing.plot import Panel, draw
from conformance.timing.rivals import RIVALS, means_differ, welch, wilcoxon
from conformance.timing.shapes.planting import Leak
from conformance.timing.statistics import Rule, histogram, medians
from conformance.timing.verdict import Measurement, Outcome, Planted, Shift, Tolerance
from conformance.verdicts import UndecidedError

if TYPE_CHECKING:
    from pathlib import Path

# Wide, so that a busy machine does not leave a good target undecided: what is narrow is tested
# on data, not on this machine's mood.
TOLERANT = f"{PROFILE}\n[timing]\nmicroseconds = 3000\ntail_share = 0.2\n"


class ChallengesBarely(Good):
    """Tells whoever has no key how to sign in, and nothing of an error: RFC 6750 section 3.1."""

    def refuse(self) -> None:
        """Name an error where there is a key."""
        error = ', error="invalid_token"' if "X-Api-Key" in self.headers else ""
        self.reply(401, {}, {"WWW-Authenticate": f'Bearer realm="mcp"{error}'})


class CallsMalformed(Good):
    """Answers 400 to a key that can be none."""

    def refuse(self) -> None:
        """Look at the alphabet first."""
        key = self.headers.get("X-Api-Key", "")
        is_key = all(character.isalnum() or character in "-_" for character in key)
        self.reply(401 if is_key else 400, self.refusal)


class SlowWithoutKey(Good):
    """Looks elsewhere for a key that is missing."""

    def refuse(self) -> None:
        """Take 10 ms longer when there is no key."""
        end = time.perf_counter() + (0 if "X-Api-Key" in self.headers else 0.01)
        while time.perf_counter() < end:
            pass
        super().refuse()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """What is found of a good target."""
    with serving(Good) as url:
        # A busy machine's scheduler can hide short differences: that is told, never passed, and
        # asked again here, where the machine is the tests' own.
        for attempt in ("prompt", "again", "once more"):
            folder = tmp_path_factory.mktemp(attempt)
            judged = judge(folder, f"--target={url}", "--area=TIME", profile=TOLERANT)
            if "inconclusive" not in judged.verdicts.values():
                break
        return judged


def test_a_good_target_passes_and_shows_how_good(found: Judged) -> None:
    assert found.verdicts == {
        "TIME-01": "pass",
        "TIME-02": "pass",
        "TIME-03": "pass",
        "TIME-04": "pass",
        "TIME-05": "not assessed",
        "TIME-06": "not assessed",
        "TIME-06-b": "not assessed",
        "TIME-07": "not assessed",
        "TIME-08": "not assessed",
    }, found.output
    [line] = [one for one in found.lines if one.get("id") == "TIME-04"]
    items = cast("list[dict[str, str]]", line["evidence"])
    evidence = {one["kind"]: one["text"] for one in items}
    drawn = json.loads(evidence["timing"])
    assert drawn["outcome"] == "same"
    assert drawn["looks"][-1]["pairs"][0]["pair"] == ["nearly right", "random"]
    assert "Not excluded" in evidence["text"]


def test_no_part_of_a_key_is_in_the_record(found: Judged) -> None:
    text = (found.folder / "run.jsonl").read_text("utf-8")
    assert found.verdicts["TIME-04"] == "pass"
    assert not [key for key in KEYS if key[:-4] in text]


def test_a_target_that_takes_longer_without_a_key_fails(tmp_path: Path) -> None:
    with serving(SlowWithoutKey) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=TIME-01", profile=TOLERANT)
    assert found.verdicts == {"TIME-01": "fail"}
    assert re.search(r"missing took \d+\.\d µs longer than invalid", found.output)


def test_where_the_answers_differ_nobody_needs_a_clock(tmp_path: Path) -> None:
    with serving(TellsUnknownKeys) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=TIME-01", profile=TOLERANT)
    assert found.verdicts == {"TIME-01": "not assessed"}
    assert "nobody needs a clock" in found.output


@pytest.mark.parametrize(
    ("refusing", "name"), [(ChallengesBarely, "TIME-01"), (CallsMalformed, "TIME-02")]
)
def test_what_a_standard_lets_differ_is_no_matter_of_time(
    tmp_path: Path, refusing: type[Good], name: str
) -> None:
    with serving(refusing) as url:
        found = judge(tmp_path, f"--target={url}", f"--requirement={name}", profile=TOLERANT)
    assert found.verdicts == {name: "not assessed"}, found.output
    assert "nobody needs a clock" in found.output


def test_who_refuses_nobody_is_undecided(tmp_path: Path) -> None:
    with serving(OpenToAll) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=TIME-01", profile=TOLERANT)
    assert found.verdicts == {"TIME-01": "inconclusive"}, found.output


def test_limits_without_room_are_told(tmp_path: Path) -> None:
    tight = f"{TOLERANT}\n[limits]\nauth_failures = 2\n"
    with serving(Good) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=TIME-03", profile=tight)
    assert found.verdicts == {"TIME-03": "not assessed"}


def measured(shift: int, spread: float = 1e5) -> Measurement:
    chance = np.random.default_rng(3)
    times = chance.normal(2e6, spread, (500, 2)).astype(np.int64)
    times[:, 0] += shift
    look = Rule(Tolerance()).look(times, ["a", "b"])
    return Measurement(
        (look,),
        medians(times, "ab"),
        histogram(times, "ab"),
        0.06,
        1.0,
        reconnected=True,
        planted=Planted(100, Shift(99, 90, 110)),
    )


def test_a_measurement_says_what_it_shows_and_what_it_does_not() -> None:
    leak, same, unsure = measured(200_000), measured(0, 5e4), measured(0, 9e5)
    assert leak.leaks
    assert "the time tells them apart, by more than 25 µs: a took 1" in str(leak)
    assert "differences of 5" in str(same)
    assert "of that 99.0 µs was measured (somewhere from +90.0 to +110.0 µs)" in same.describe()
    assert "of its own" in same.describe()
    assert unsure.outcome is Outcome.UNDECIDED
    assert f"about {unsure.requests_to_go} more requests" in repr(unsure)
    assert "`seconds` in the profile's [timing]" in str(unsure)


def test_only_an_undecided_measurement_raises() -> None:
    measured(200_000).require_decision()
    measured(0, 5e4).require_decision()
    with pytest.raises(UndecidedError, match="more requests"):
        measured(0, 9e5).require_decision()


def test_spoilt_credentials_are_wrong_where_they_should_be() -> None:
    real = "secret-token-0123456789"
    assert nearly(real)[:-4] == real[:-4]
    assert nearly(real)[-4] != real[-4]
    assert len(nearly(real)) == len(random_like(real)) == len(real)
    assert random_like(real)[0] != real[0]
    assert not set(of_another_form()) & set(real)


def test_the_other_rules_alarm_where_they_are_known_to() -> None:
    chance = np.random.default_rng(1)
    a = chance.normal(2e6, 1e5, 1000).astype(np.int64)
    b = chance.normal(2e6, 1e5, 1000).astype(np.int64)
    assert not any(rule(a, b) for rule in RIVALS.values())
    assert welch(a + 100_000, b)
    assert wilcoxon(a + 100_000, b)
    assert not means_differ(a + 100_000, b)
    assert means_differ(a + 500_000, b)
    assert not wilcoxon(a, a)


def test_a_series_counts_what_was_said() -> None:
    alarms = {"this rule": {250: True}, "other": {250: False}}
    runs = [
        Run(outcome, 250, 1.5, (60.0, 100.0, 140.0), 2000.0, alarms) for outcome in ("leak", "same")
    ]
    summary = Series(Leak.parse("1000/10"), runs).summary()
    assert summary["leak"] == "1000 µs in one of 10"
    assert summary["outcomes"] == {"same": 1, "leak": 1, "undecided": 0}
    assert summary["alarmed"] == {"this rule": {250: 1.0}, "other": {250: 0.0}}


def test_headers_of_all_leaks_are_of_one_length() -> None:
    leaks = [Leak.parse(text) for text in ("0", "50", "1000/10")]
    assert [leak.header for leak in leaks] == ["00000/001", "00050/001", "01000/010"]
    assert str(leaks[0]) == "no leak"


@pytest.mark.parametrize("leaks", ["x", "50,", "50/x", ""])
def test_a_leak_that_is_no_size_is_told_before_anything_is_measured(
    leaks: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--leaks={leaks}"])
    assert ended.value.code == 2
    assert f"--leaks: {leaks!r}: write 50 or 1000/10" in capsys.readouterr().err


def test_a_drawing_is_well_formed_and_escapes_its_words() -> None:
    panel = Panel("<b>&", {"rule <x>": {250: 0.5, 500: 1.0}})
    text = draw("title", [panel, panel, panel, panel])
    root = ET.fromstring(text)  # noqa: S314 -- our own
    assert root.tag.endswith("svg")
    assert "<b>" not in text
    assert text.count("<polyline") == 4


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing"):
        draw("title", [])
