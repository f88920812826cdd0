"""Other ways to keep tenants apart, each as good as the first."""

from __future__ import annotations

from reference_server.mutants.benign.edge import benign
from reference_server.mutants.rls.crossed import filed
from reference_server.mutants.rls.lists import personal
from reference_server.mutants.rls.objects import numbered

VARIANTS = (
    benign(
        "numbers-for-ids",
        "Metrics have whole numbers for ids; an error repeats them beside a UUID of its own.",
        parts=numbered(),
    ),
    benign(
        "a-tool-of-ones-own",
        "Each tenant's list of tools has one that no other tenant's has.",
        parts=personal(),
    ),
    benign(
        "answers-filed-by-caller-and-id",
        "Answers wait under the caller's key and the JSON-RPC id, which together are one call's.",
        parts=filed(keeps_first=True, told_apart=True),
    ),
)
