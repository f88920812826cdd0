"""The mutants and the catalogue know each other: no clause without a defect, no defect at large."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from conformance.catalogue import requirements
from reference_server.core.secrets import load_secrets
from reference_server.mutants.__main__ import main
from reference_server.mutants.bench import matrix
from reference_server.mutants.bench.cases import HEALTHY, Case, beside_cover, covering
from reference_server.mutants.bench.kill import Kill, surprises
from reference_server.mutants.bench.registry import all_benign, all_mutants, find_mutant
from reference_server.mutants.boot import startup as boot

if TYPE_CHECKING:
    from reference_server.mutants.model import Benign, Mutant


def test_every_requirement_has_a_mutant_that_must_fail_it() -> None:
    named = {name for mutant in all_mutants().values() for name in mutant.fails}
    assert set(requirements()) - named == set()


@pytest.mark.parametrize("mutant", all_mutants().values(), ids=lambda mutant: mutant.id)
def test_a_mutant_names_known_requirements_and_says_what_is_wrong(mutant: Mutant) -> None:
    assert mutant.fails
    assert mutant.fails <= set(requirements())
    assert mutant.summary.endswith(".")


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--only=nope", "--only: There is no mutant 'nope'"),
        ("--out=.", "--out: . is a folder"),
        ("--benign --rest", "--benign: a variant fails nothing"),
        ("--cover --rest", "--rest: not allowed with argument --cover"),
    ],
)
def test_the_matrix_tells_of_a_bad_option_before_it_judges_anything(
    option: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        matrix.main(option.split())
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_only_the_mutants_of_start_up_bend_how_secrets_are_read() -> None:
    """`python -m reference_server.mutants NAME --serve` reads the secrets early for the others."""
    bending = {
        mutant.id for mutant in all_mutants().values() if mutant.load_secrets is not load_secrets
    }
    assert bending <= {mutant.id for mutant in boot.MUTANTS}
    assert bending


def test_there_are_enough_benign_variants_and_none_is_a_mutant() -> None:
    assert len(all_benign()) >= 12
    assert set(all_benign()).isdisjoint(all_mutants())


@pytest.mark.parametrize("variant", all_benign().values(), ids=lambda variant: variant.id)
def test_a_benign_variant_names_no_failure_and_says_what_differs(variant: Benign) -> None:
    assert variant.fails == frozenset()
    assert variant.lacks <= set(requirements())
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", variant.id)
    assert variant.summary.endswith(".")
    assert variant.load_secrets is load_secrets
    assert variant.serve_words == ("reference_server.mutants", variant.id, "--serve")
    assert find_mutant(variant.id) == variant


def test_mutants_and_benign_variants_are_listed_apart(capsys: pytest.CaptureFixture[str]) -> None:
    listed: dict[str, set[str]] = {}
    for word in ("--list", "--list-benign"):
        assert main([word]) == 0
        listed[word] = {entry["name"] for entry in json.loads(capsys.readouterr().out)}
    assert listed == {"--list": set(all_mutants()), "--list-benign": set(all_benign())}


def test_a_benign_variant_must_pass_all_but_what_it_leaves_without_a_subject() -> None:
    case = Case("variant", frozenset(), frozenset({"MCP-06"}))
    good = {"MCP-06": "not assessed", "AUTH-01": "pass"}
    assert case.is_met(good)
    for name, verdict in (
        ("AUTH-01", "fail"),
        ("AUTH-01", "inconclusive"),
        ("AUTH-01", "not assessed"),
        ("MCP-06", "pass"),
        ("MCP-06", "fail"),
    ):
        assert not case.is_met({**good, name: verdict}), f"{name}: {verdict}"


def test_a_mutant_must_fail_what_it_names_and_the_healthy_server_nothing() -> None:
    mutant = Case("mutant", frozenset({"AUTH-01"}))
    assert mutant.is_met({"AUTH-01": "fail", "AUTH-02": "pass", "AUD-01": "inconclusive"})
    assert not mutant.is_met({"AUTH-01": "pass", "AUTH-02": "pass"})
    assert not mutant.is_met({"AUTH-01": "fail", "AUTH-02": "fail"})
    assert HEALTHY.is_met({"AUTH-01": "pass"})
    assert not HEALTHY.is_met({"AUTH-01": "pass", "AUTH-02": "inconclusive"})


def test_a_row_that_is_wrong_tells_which_verdict_surprised_and_why() -> None:
    case = Case("mutant", frozenset({"AUTH-01", "AUTH-03"}))
    findings = [
        {"id": "AUTH-01", "verdict": "inconclusive", "reason": "no answer\nin 5 s"},
        {"id": "AUTH-02", "verdict": "pass", "reason": ""},
        {"id": "AUTH-03", "verdict": "fail", "reason": "as named"},
        {"id": "AUTH-04", "verdict": "fail", "reason": "told apart"},
    ]
    kill = Kill(
        name=case.name,
        names=sorted(case.names),
        failed=["AUTH-03", "AUTH-04"],
        exact=False,
        seconds=1.5,
        undecided=["AUTH-01"],
        checks=[],
        surprises=tuple(surprises(case, findings)),
    )
    assert kill.told().splitlines() == [
        (
            "WRONG mutant: names AUTH-01,AUTH-03; failed AUTH-03,AUTH-04; undecided AUTH-01; "
            "1.5 s, 0.0 of CPU"
        ),
        "    AUTH-01 inconclusive: no answer in 5 s",
        "    AUTH-04 fail: told apart",
    ]


def test_a_cover_names_all_that_is_named_with_few_mutants_and_fewer_starts() -> None:
    both = Case("both", frozenset({"AUTH-01", "AUTH-02"}))
    one = Case("one", frozenset({"AUTH-01"}))
    starting = Case("another", frozenset({"AUTH-03"}))
    quick = Case("quick", frozenset({"AUTH-03"}), without=("launch",))
    assert covering([one, both, starting, quick]) == [both, quick]
    assert covering([starting, one]) == [starting, one]
    cold = Case("a", frozenset({"AUTH-03"}), without=("launch",), bends_start=True)
    long = Case("b", frozenset({"AUTH-03"}), judged=("AUTH-03",), without=("launch",))
    assert covering([starting, cold, long, quick]) == [quick]
    assert covering([starting, cold, long]) == [long]
    assert covering([starting, cold]) == [cold]


def test_the_cover_of_all_mutants_sees_every_requirement_fail() -> None:
    chosen = covering(Case.of(mutant, full=False) for mutant in all_mutants().values())
    assert frozenset(requirements()) == frozenset().union(*(case.names for case in chosen))
    for case in chosen:
        assert case.names.issubset(case.judged), f"{case.name} is not judged by what it names"


def test_the_cover_and_the_rest_are_all_mutants_and_judge_nothing_twice() -> None:
    mutants = [Case.of(mutant, full=False) for mutant in all_mutants().values()]
    chosen, rest = covering([HEALTHY, *mutants]), beside_cover([HEALTHY, *mutants])
    assert sorted(case.name for case in (*chosen, *rest)) == sorted(case.name for case in mutants)
