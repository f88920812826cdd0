"""Other ways to keep tenants apart, each as good as the first."""

from __future__ import annotations

from reference_server.mutants.benign.edge import benign
from reference_server.mutants.rls.crossed import filed

VARIANTS = (
    benign(
        "answers-filed-by-caller-and-id",
        "Answers wait under the caller's key and the JSON-RPC id, which together are one call's.",
        parts=filed(keeps_first=True, told_apart=True),
    ),
)
