"""Tools: only the enumerated arguments are held to anything, and no reply to its own references."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from conformance.analysis.alike import difference
from conformance.channels.http.answer import Answer, Transport
from conformance.forge.objects import ids_in, nobodys_id
from conformance.profile.sections import FailingTool
from conformance.profile.tools import detail_argument
from conformance.selftest import tools
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving
from conformance.verdicts import NotAssessedError, NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ARGUMENTS = """
[tools.validated]
name = "totals"
arguments = { period = "week", limit = 10, note = "for the board" }
bad_arguments = { period = "decade", limit = 10, note = "for the board" }
"""
OBJECTS = """
[tools.by_id]
name = "invoice"
argument = "id"
listed_by = "invoices"
"""
CANARIES = PROFILE.replace('_A" }\n', '_A" }\ncanary = "words of a"\n', 1).replace(
    '_B" }\n', '_B" }\ncanary = "words of b"\n', 1
)


def verdict(folder: Path, handler: type[Good], name: str, profile: str) -> str:
    """Judge a server by one requirement."""
    with serving(handler) as url:
        words = (f"--target={url}", f"--requirement={name}")
        found = judge(folder, *words, profile=profile)
    return f"{found.verdicts[name]} {found.lines[1]['reason']}".strip()


@pytest.mark.parametrize("handler", [tools.Tools, tools.Required])
def test_arguments_that_are_no_enumeration_are_free(tmp_path: Path, handler: type[Good]) -> None:
    assert verdict(tmp_path, handler, "MCP-03", PROFILE + ARGUMENTS) == "pass"


@pytest.mark.parametrize("handler", [tools.SaysRequired, tools.TakesAnything, tools.TakesNumbers])
def test_an_enumeration_is_held_to_its_values(tmp_path: Path, handler: type[Good]) -> None:
    assert verdict(tmp_path, handler, "MCP-03", PROFILE + ARGUMENTS).startswith("fail")


def test_a_profile_whose_bad_arguments_are_the_good_ones_decides_nothing(tmp_path: Path) -> None:
    profile = PROFILE + ARGUMENTS.replace('"decade"', '"week"')
    assert "bad_arguments differ" in verdict(tmp_path, tools.Tools, "MCP-03", profile)


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (tools.Tools, "pass"),
        (tools.Interpolates, "fail"),
        (tools.CountsWhatever, "pass"),
        (tools.CountsByCondition, "fail"),
    ],
)
def test_free_text_and_references_are_no_injection(
    tmp_path: Path, handler: type[Good], expected: str
) -> None:
    """What is written to a database stays unseen without SQL, by MCP-13-b alone."""
    profile = PROFILE + ARGUMENTS + OBJECTS
    assert verdict(tmp_path, handler, "MCP-13", profile).startswith(expected)
    assert verdict(tmp_path, handler, "MCP-13-b", profile).startswith("not assessed")


@pytest.mark.parametrize(
    ("handler", "profile", "expected"),
    [
        (tools.Tools, CANARIES, "pass"),
        (tools.TellsForeignInvoices, CANARIES, "fail"),
        (tools.Tools, PROFILE, "pass"),
        (tools.TellsForeignInvoices, PROFILE, "fail"),
    ],
    ids=["good", "bad", "good, without canary", "bad, without canary"],
)
def test_another_tenants_object_is_told_by_no_reference(
    tmp_path: Path, handler: type[Good], profile: str, expected: str
) -> None:
    """What an administrator's routes do stays unseen here, by RLS-12-b alone."""
    found = verdict(tmp_path, handler, "RLS-12", profile + OBJECTS)
    assert found.startswith(expected), found
    assert verdict(tmp_path, handler, "RLS-12-b", profile).startswith("not assessed")


def _says(*texts: str) -> Callable[[], Answer]:
    words = iter(texts * 9)
    return lambda: Answer(Transport.ANSWERED, 200, (), next(words).encode())


def test_what_varies_by_itself_is_no_difference() -> None:
    assert not difference(_says("gone (1)", "gone (2)"), _says("gone (3)", "gone (4)"))
    assert difference(_says("gone (1)", "gone (2)"), _says("here (3)", "here (4)"))
    assert difference(_says("gone (1)", "gone (2)"), _says("not here (3)", "not here (4)"))
    with pytest.raises(NotEstablishedError):
        difference(_says("gone", "gone, friend"), _says("here", "here, friend"))


def test_without_an_argument_that_takes_an_object_its_checks_are_not_assessed() -> None:
    """Nothing personal would be sent, and a pass would say that nothing of it was kept."""
    with pytest.raises(NotAssessedError, match=r"\[tools\.failing\] detail_argument"):
        detail_argument(FailingTool(name="fail"))
    assert detail_argument(FailingTool(name="fail", detail_argument="detail")) == "detail"


def test_a_short_id_is_blanked_where_it_stands_alone_and_not_in_a_uuid() -> None:
    """The id 2 is in most UUIDs, and those of two answers differ anyway."""
    error = "no note 2 (ref 2f0e2c6a-2222-4222-8222-22222222222e), note=2"
    answer = Answer(Transport.ANSWERED, 200, (), error.encode()).without("2")
    assert answer.visible[2] == (
        "no note <per request> (ref 2f0e2c6a-2222-4222-8222-22222222222e), note=<per request>"
    )


def test_ids_keep_the_type_that_they_were_listed_with() -> None:
    assert ids_in({"notes": [{"id": 2}, {"id": "2"}]}, "id") == [2, "2"]
    drawn = nobodys_id(2)
    assert isinstance(drawn, int)
    assert drawn != 2
    assert isinstance(nobodys_id("2"), str)


@pytest.mark.parametrize("handler", [tools.TellsForeignInvoices])
def test_each_of_several_tools_is_judged(tmp_path: Path, handler: type[Good]) -> None:
    """The first cannot even be established; the second shows what it shows."""
    several = OBJECTS.replace("[tools.by_id]", "[[tools.by_id]]")
    first = several.replace('listed_by = "invoices"', 'listed_by = "totals"')
    found = verdict(tmp_path, handler, "RLS-12", CANARIES + first + several)
    assert found.startswith("fail"), found


def test_a_tenant_whose_key_is_refused_accuses_nobody(tmp_path: Path) -> None:
    """Two refusals of one wrong key, each with a reference of its own, tell of no object."""
    wrong = CANARIES.replace('env = "KEY_A"', 'env = "KEY_REVOKED"', 1)
    found = verdict(tmp_path, tools.TellsForeignInvoices, "RLS-12", wrong + OBJECTS)
    assert not found.startswith("fail"), found


@pytest.mark.parametrize(
    ("texts", "ids"),
    [
        (['[{"id": 2}, {"id": 5}]'], [2, 5]),
        (['{"notes": [{"id": "a"}]}'], ["a"]),
        (['{"id": 2}', '{"id": 5}'], [2, 5]),
        (["three notes", '[{"id": 7}]'], [7]),
        (["none"], []),
    ],
)
def test_ids_are_read_in_each_form_of_a_list(texts: list[str], ids: list[int | str]) -> None:
    content = [{"type": "text", "text": text} for text in texts]
    message = {"jsonrpc": "2.0", "id": 1, "result": {"content": content}}
    answer = Answer(Transport.ANSWERED, 200, body=json.dumps(message).encode())
    assert ids_in(answer.data, "id") == ids
