"""The mutants and the catalogue know each other: no clause without a defect, no defect at large."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.catalogue import requirements
from reference_server.mutants import boot
from reference_server.mutants.registry import all_mutants
from reference_server.services.secrets import load_secrets

if TYPE_CHECKING:
    from reference_server.mutants.model import Mutant


def test_every_requirement_has_a_mutant_that_must_fail_it() -> None:
    named = {name for mutant in all_mutants().values() for name in mutant.fails}
    assert set(requirements()) - named == set()


@pytest.mark.parametrize("mutant", all_mutants().values(), ids=lambda mutant: mutant.id)
def test_a_mutant_names_known_requirements_and_says_what_is_wrong(mutant: Mutant) -> None:
    assert mutant.fails
    assert mutant.fails <= set(requirements())
    assert mutant.summary.endswith(".")


def test_only_the_mutants_of_start_up_bend_how_secrets_are_read() -> None:
    """`python -m reference_server.mutants NAME --serve` reads the secrets early for the others."""
    bending = {
        mutant.id for mutant in all_mutants().values() if mutant.load_secrets is not load_secrets
    }
    assert bending <= {mutant.id for mutant in boot.MUTANTS}
    assert bending
