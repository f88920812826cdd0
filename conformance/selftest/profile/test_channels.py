"""A channel is one row: what the profile, its draft and the messages need derives from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.catalogue import requirements
from conformance.drafting.entries import SECTIONS, shown_in
from conformance.model import Channel
from conformance.profile import reading
from conformance.profile.references import entry_type, section_of
from conformance.profile.target import UNLIMITED, Target
from conformance.requirement import mark_of
from conformance.selftest.judging import ROOT
from conformance.verdicts import check_modules

if TYPE_CHECKING:
    from pathlib import Path

WRITTEN = {"headers", "answers", "limits"}
"""Sections in which the draft writes what it found, or a default, instead of an example."""
REFERENCE = ROOT / "fixtures" / "targets" / "reference.toml"


@pytest.mark.parametrize("channel", Channel)
def test_a_row_is_whole(channel: Channel) -> None:
    assert channel.supplied_by
    assert len({one.supplied_by for one in Channel}) == len(Channel)
    for path in channel.paths:
        if isinstance(getattr(Target, path, None), property):
            assert not channel.row.example
            continue
        wanted: Any = Target
        for step in path.split("."):
            section = section_of(wanted)
            if section is not None and isinstance(getattr(section, step, None), property):
                break
            wanted = entry_type(wanted, step)
            assert wanted is not None, path
        section = path.partition(".")[0]
        assert section in SECTIONS
        assert (channel in shown_in(section)) is (section not in WRITTEN)


@pytest.mark.parametrize("channel", Channel)
def test_some_check_needs_it(channel: Channel) -> None:
    from importlib import import_module

    needed = {need for entry in requirements().values() for need in entry.needs}
    for module in map(import_module, check_modules()):
        for name, value in vars(module).items():
            if name.startswith("test_") and value.__module__ == module.__name__:
                needed.update(mark_of(value).kwargs.get("also_needs", ()))
    assert channel in needed


def test_the_reference_profile_supplies_every_channel() -> None:
    target = reading.load_unstarted(REFERENCE)
    assert [channel for channel in Channel if not target.has(channel)] == []


def test_an_address_alone_supplies_what_no_profile_has_to() -> None:
    target = reading.from_url("http://127.0.0.1/mcp")
    found = {channel for channel in Channel if target.has(channel)}
    by_itself = {Channel.HTTP, Channel.ADDRESSES, Channel.OFFICIAL_CLIENT, Channel.LISTENER}
    by_itself.add(Channel.TOKEN_SIGNER)
    named_by_default = {channel for channel in Channel if channel.paths[0].startswith("events.")}
    assert found == by_itself | named_by_default


@pytest.mark.parametrize(("count", "is_there"), [(7, True), (0, False), (UNLIMITED, False)])
def test_a_limit_counts_where_it_is_named_as_one(
    tmp_path: Path, count: int, *, is_there: bool
) -> None:
    path = tmp_path / "profile.toml"
    text = f'[target]\nurl = "http://127.0.0.1/"\n[limits]\ntenant_requests = {count}\n'
    path.write_text(text, "utf-8")
    target = reading.load(path)
    assert target.has(Channel.TENANT_LIMIT) is is_there
    assert not target.has(Channel.ADDRESS_LIMIT)


def test_every_secret_of_a_profile_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "profile.toml"
    monkeypatch.setenv("A", "postgresql://app:pass-word@127.0.0.1/db")
    monkeypatch.setenv("B", "a token of an administrator")
    path.write_text(
        '[target]\nurl = "http://127.0.0.1/"\n[admin]\ntoken = { env = "B" }\n'
        '[channels.auditor]\ndsn = { env = "A" }\n',
        "utf-8",
    )
    assert reading.load(path).secrets() == {
        "a token of an administrator": "admin.token",
        "postgresql://app:pass-word@127.0.0.1/db": "channels.auditor.dsn",
        "pass-word": "channels.auditor.password",
    }
