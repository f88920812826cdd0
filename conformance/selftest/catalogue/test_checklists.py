"""The list of what others ask: it names requirements that there are, and says one thing a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.catalogue import checklists, requirements
from conformance.run.refreshing import CASES, CHECKLIST, COMMAND, ROOT, derived

if TYPE_CHECKING:
    from pathlib import Path

UNASKED = {"OAUTH-09", "OAUTH-10"}
"""What is asked of first logins and of organizations by no list, as far as they concern tenants."""


def test_the_page_is_what_the_list_makes() -> None:
    assert (ROOT / CHECKLIST).read_text("utf-8") == derived()[CHECKLIST], f"run {COMMAND}"


def test_it_names_requirements_that_there_are() -> None:
    named = checklists.covered(ROOT / CASES)
    assert named <= requirements().keys()
    of_servers = {name for name in requirements() if name.startswith("OAUTH-")}
    assert of_servers - named == UNASKED


@pytest.mark.parametrize("said", ["", 'by = "AUTH-01", why = "x"', 'why = "x", open = "y"'])
def test_a_row_says_one_thing(tmp_path: Path, said: str) -> None:
    path = tmp_path / "list.toml"
    row = ", ".join(filter(None, ['cases = "a"', said]))
    path.write_text(f'[[list]]\ntitle = "t"\nabout = "a"\nrows = [{{ {row} }}]', "utf-8")
    with pytest.raises(ValueError, match="write one of"):
        checklists.text(path, "list.toml")
