"""What a profile lacks is told as steps, the most useful first, each requirement in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.catalogue import requirements
from conformance.model import Channel
from conformance.model.supplying import steps
from conformance.selftest.judging import judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path


def test_what_brings_most_for_an_entry_comes_first_and_the_rest_builds_on_it() -> None:
    lacking = {
        "A-01": ("keys",),
        "A-02": ("keys", "clock"),
        "A-03": ("keys",),
        "A-04": ("auditor",),
        "A-05": ("keys", "clock", "admin"),
        "A-06": (),
    }
    told = [(step.to_do, step.gain, step.ids) for step in steps(lacking)]
    assert told == [
        ("add [tenants.a] and [tenants.b]", "+2 requirements", ("A-01", "A-03")),
        ("add [channels.clock]", "+1 requirement", ("A-02",)),
        ("add [channels.auditor]", "+1 requirement", ("A-04",)),
        ("add [admin] token", "+1 requirement", ("A-05",)),
    ]


def test_what_is_of_use_only_together_is_added_together() -> None:
    (step,) = steps({"A-01": ("admin", "rotate-route", "addresses")})
    assert (
        step.to_do
        == "add [admin] token and [routes] rotate_key; judge it where it runs, on loopback"
    )


def test_a_channel_that_nobody_knows_any_more_is_named_as_it_stands() -> None:
    (step,) = steps({"A-01": ("telepathy",)})
    assert step.to_do == "add telepathy"


def test_every_channel_says_what_to_do_in_one_way() -> None:
    assert not [one for one in Channel if bool(one.entry) is bool(one.row.otherwise)]


def test_every_requirement_of_a_bare_target_stands_in_one_step() -> None:
    lacking = {name: tuple(entry.needs) for name, entry in requirements().items()}
    ids = [name for step in steps(lacking) for name in step.ids]
    assert sorted(ids) == sorted(lacking)


def test_a_bare_target_is_told_what_to_add_on_the_terminal_and_in_the_summary(
    tmp_path: Path,
) -> None:
    with serving(Good) as url:
        found = judge(tmp_path, f"--target={url}", "--area=AUTH", is_rendered=True)
    first, *others = [line for line in found.output.splitlines() if line.startswith("  add ")]
    assert first.startswith("  add [tenants.a] and [tenants.b]: +")
    assert others
    summary = (found.folder / "summary.md").read_text("utf-8")
    assert "- add \\[tenants\\.a\\] and \\[tenants\\.b\\]: +" in summary
