"""What the catalogue says of each requirement, so that a report can tell what to do."""

from __future__ import annotations

import inspect
import re
import shutil
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance import catalogue
from conformance.model import STARTING, Impact
from conformance.requirement import mark_of
from conformance.run import judgeable, terminal
from conformance.verdicts import check_modules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.model import Channel, Requirement

LONGEST_REMEDY = 300
LONGEST_LINE = 100
MOST_SENTENCES = 3
REFERENCES = (
    r"CWE-[1-9]\d{1,3}",
    r"ASVS 5\.0 V\d{1,2}\.\d{1,2}\.\d{1,2}",
    r"OWASP MCP(0[1-9]|10):2025",
    r"OWASP API\d{1,2}:2023",
    r"RFC \d{4} §[\d.]+",
    r"draft-ietf-[a-z0-9-]+-\d\d §[\d.]+",
    r"OpenID Connect Core 1\.0 §[\d.]+",
    r"(UTS|UAX) #\d{1,2}",
    r"(MCP|JSON-RPC|NIST) .+",
)


def test_every_requirement_tells_what_to_change() -> None:
    for entry in catalogue.requirements().values():
        sentences = re.split(r"(?<=\.) (?=[A-Z])", entry.remedy)
        assert len(sentences) <= MOST_SENTENCES, entry.id
        assert len(entry.remedy) <= LONGEST_REMEDY, entry.id
        assert entry.remedy.endswith("."), entry.id
        assert entry.remedy.count("`") % 2 == 0, entry.id


def test_no_two_requirements_share_a_remedy() -> None:
    remedies = [entry.remedy for entry in catalogue.requirements().values()]
    assert len(set(remedies)) == len(remedies)


def test_every_reference_is_of_a_known_form() -> None:
    pattern = re.compile("|".join(REFERENCES))
    odd = [
        (entry.id, reference)
        for entry in catalogue.requirements().values()
        for reference in entry.references
        if not pattern.fullmatch(reference)
    ]
    assert not odd


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """One area's file, in a catalogue of its own; nothing read from it is remembered."""
    path = tmp_path / "ops.toml"
    shutil.copy(catalogue.FOLDER / "ops.toml", path)
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path)
    catalogue.requirements.cache_clear()
    yield path
    catalogue.requirements.cache_clear()


@pytest.mark.parametrize(
    "field", ["title", "clause", "remedy", "severity", "impact", "impact_reason", "basis", "needs"]
)
def test_an_entry_without_a_field_is_refused_by_name(copy: Path, field: str) -> None:
    text = copy.read_text("utf-8")
    assert catalogue.requirements()
    catalogue.requirements.cache_clear()
    copy.write_text(re.sub(rf"(?m)^{field} = .*\n", "", text[text.index("[[") :], count=1), "utf-8")
    copy.write_text(text[: text.index("[[")] + copy.read_text("utf-8"), "utf-8")
    with pytest.raises(ValueError, match=f"OPS-01: lacks {field}"):
        catalogue.requirements()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("order = 12\n", "", "ops.toml: an area has area, order, requirement, title"),
        ("order = 12\n", 'order = "last"\n', "ops.toml: an area has"),
        ("order = 12\n", "order = 12\nrank = 1\n", "ops.toml: an area has"),
        ("needs =", "costly = false\nneeds =", "OPS-01: costly is true, or absent"),
        ("needs =", "dear = true\nneeds =", "OPS-01: unknown dear"),
        ('impact = "low"', 'impact = "grave"', "OPS-01: impact is one of critical, high, medium"),
        ('basis = "declaration"', 'basis = "taste"', "OPS-01: basis is one of standard, decl"),
        ("needs =", 'lesser = [{ impact = "low" }]\nneeds =', "OPS-01: lesser has basis, checks"),
        (
            'basis = "declaration"',
            'basis = "standard"',
            "OPS-01: stands on a standard, and its references name no section",
        ),
    ],
)
def test_what_an_area_says_beside_its_clauses_is_checked(
    copy: Path, old: str, new: str, sentence: str
) -> None:
    copy.write_text(copy.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(ValueError, match=sentence):
        catalogue.requirements()


def test_what_crosses_tenants_is_of_critical_impact() -> None:
    entries = catalogue.requirements().values()
    mild = [e.id for e in entries if e.crosses_tenants and e.impact is not Impact.CRITICAL]
    assert not mild


def test_every_impact_is_told_in_one_sentence() -> None:
    for entry in catalogue.requirements().values():
        for reason in (entry.impact_reason, *(one.impact_reason for one in entry.lesser)):
            assert re.fullmatch(r"[A-Z][^.]*\.", reason), entry.id
            assert len(reason) <= LONGEST_LINE, entry.id


def test_a_lesser_weight_is_lighter_and_of_some_checks_that_there_are() -> None:
    names = {
        entry.id: {one.name for one in judgeable.checks() if one.requirement == entry.id}
        for entry in catalogue.requirements().values()
    }
    for entry in catalogue.requirements().values():
        for lesser in entry.lesser:
            assert lesser.impact.rank > entry.impact.rank, entry.id
            assert set(lesser.checks) < names[entry.id], entry.id


def test_two_areas_cannot_have_one_place(copy: Path) -> None:
    shutil.copy(copy, copy.with_name("other.toml"))
    with pytest.raises(ValueError, match="another area has the order 12 as well"):
        catalogue.requirements()


def test_an_empty_remedy_is_refused(copy: Path) -> None:
    text = copy.read_text("utf-8")
    copy.write_text(re.sub(r"(?m)^remedy = .*$", 'remedy = " "', text, count=1), "utf-8")
    with pytest.raises(ValueError, match="OPS-01: remedy is empty"):
        catalogue.requirements()


def test_the_terminal_can_tell_what_to_do_first() -> None:
    """A failure has two lines there, so only the first sentence of a remedy fits."""
    entries = catalogue.requirements().values()
    assert not [entry.id for entry in entries if not terminal.first_step(entry.remedy)]


def test_every_check_names_its_requirement_where_a_run_looks_for_it() -> None:
    """A run that judges some requirements collects the files alone in which their ids stand."""
    for module in map(import_module, check_modules()):
        path = Path(str(module.__file__))
        text = path.read_text("utf-8")
        for name, value in vars(module).items():
            if name.startswith("test_") and value.__module__ == module.__name__:
                assert f'"{mark_of(value).args[0]}"' in text, f"{path.name}: {name}"


def checks() -> Iterator[tuple[Requirement, Callable[..., None], set[Channel]]]:
    """Yield every check with its requirement and the channels that this check needs besides."""
    for module in map(import_module, check_modules()):
        for name, value in vars(module).items():
            if name.startswith("test_") and value.__module__ == module.__name__:
                mark = mark_of(value)
                yield (
                    catalogue.requirements()[mark.args[0]],
                    value,
                    set(mark.kwargs.get("also_needs", ())),
                )


def test_what_rotates_keys_is_what_the_catalogue_says() -> None:
    """Checks rotate keys by two fixtures; pytest-xdist keeps them with one worker by the mark."""
    rotating = {
        entry.id
        for entry, check, _ in checks()
        if not {"administrator", "guest"}.isdisjoint(inspect.signature(check).parameters)
    }
    assert rotating == {name for name, one in catalogue.requirements().items() if one.rotates}


def test_what_starts_programs_beside_its_needs_is_what_the_catalogue_says() -> None:
    starting = {entry.id for entry, _, more in checks() if STARTING & more}
    marked = {name for name, one in catalogue.requirements().items() if one.starts_programs}
    assert starting == marked
