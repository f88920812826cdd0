"""What the catalogue says of each requirement, so that a report can tell what to do."""

from __future__ import annotations

import re
import shutil
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance import catalogue
from conformance.requirement import mark_of
from conformance.run import terminal
from conformance.verdicts import check_modules

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_REMEDY = 300
MOST_SENTENCES = 3
REFERENCES = (
    r"CWE-[1-9]\d{1,3}",
    r"ASVS 5\.0 V\d{1,2}\.\d{1,2}\.\d{1,2}",
    r"OWASP MCP(0[1-9]|10):2025",
    r"OWASP API\d{1,2}:2023",
    r"RFC \d{4} §[\d.]+",
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


@pytest.mark.parametrize("field", ["title", "clause", "remedy", "severity", "needs"])
def test_an_entry_without_a_field_is_refused_by_name(copy: Path, field: str) -> None:
    text = copy.read_text("utf-8")
    assert catalogue.requirements()
    catalogue.requirements.cache_clear()
    copy.write_text(re.sub(rf"(?m)^{field} = .*\n", "", text[text.index("[[") :], count=1), "utf-8")
    copy.write_text(text[: text.index("[[")] + copy.read_text("utf-8"), "utf-8")
    with pytest.raises(ValueError, match=f"OPS-01: lacks {field}"):
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
