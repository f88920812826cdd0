"""Sections of a profile that name the gates of the target's own CI."""

from __future__ import annotations

from conformance.profile.sections import Section


class PullRequest(Section):
    """What checks the body of a pull request, by its exit code.

    ``{body}`` in ``command`` is a file with the body. ``body`` is one that has all it needs, under
    headings that ``reviews`` and ``test_plan`` name.
    """

    command: tuple[str, ...]
    body: str
    reviews: str = "Reviews"
    test_plan: str = "Test plan"


class Repository(Section):
    """The gates of the target's CI, as commands.

    To ``lint`` and ``security_lint`` a path is appended. In ``audit``, ``{requirements}`` is a file
    of pinned Python packages, and ``{advisories}`` the URL of a service that speaks as OSV's query
    does (https://google.github.io/osv.dev/post-v1-query/).
    """

    lint: tuple[str, ...]
    security_lint: tuple[str, ...] = ()
    audit: tuple[str, ...] = ()
    pull_request: PullRequest | None = None
