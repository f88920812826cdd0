"""No check knows a name that a target may choose otherwise: they are in its profile."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import conformance
from conformance.profile.events import Event, Events
from conformance.profile.fields import Fields
from conformance.profile.routes import Headers

if TYPE_CHECKING:
    from collections.abc import Iterator

JUDGE = Path(conformance.__file__).parent
MODULES = [
    *sorted(JUDGE.glob("checks/*/*.py")),
    *sorted(JUDGE.glob("channels/**/*.py")),
    *sorted(JUDGE.glob("forge/*.py")),
    *(
        path
        for path in sorted((JUDGE.parent / "load").glob("**/*.py"))
        if "tests" not in path.parts
    ),
]
TOKENS = JUDGE / "checks" / "log" / "secrecy.py"
"""Plants properties that are named like tokens; one of the names is what ours calls a key."""
MESSAGES = (JUDGE / "checks" / "mcp" / "notices.py", JUDGE / "forge" / "methods.py")
"""Write messages of the protocol, and read them."""
GUESSES = {
    JUDGE / "forge" / "claims.py": {"tenant_id", "tenantId"},
    JUDGE / "forge" / "promotions.py": {"tenant_id", "tenantId"},
    JUDGE / "checks" / "mile" / "upstream.py": {"apiKey"},
}
"""Try what servers may call a tenant or a key, of which ours is one name among many."""


FIELDS = Fields()
SECTIONS = (FIELDS.results, FIELDS.admin, FIELDS.health, FIELDS.log, FIELDS.trail)


def _names() -> Iterator[str]:
    events = Events()
    for event in (*Event, "others"):
        for pattern in events.patterns(event):
            yield from (word for words in pattern.values.values() for word in words)
    for vocabulary in (events.outcomes, events.reasons, events.scopes):
        yield from vocabulary.known()
    for section in SECTIONS:
        yield from (str(getattr(section, field)) for field in type(section).fields())
    yield Headers().request_id
    yield Headers().admin_token


OURS = frozenset(field for section in SECTIONS for field in type(section).fields())
"""What the judge itself calls fields, by which it asks for their names."""
STANDARD = frozenset({"id", "version"})
"""Names that JSON-RPC and MCP give to something else."""
NAMES = frozenset(_names()) - STANDARD
DISTINCT = frozenset(name for name in NAMES - OURS if not (name.isalpha() and name.islower()))
"""Names that are no plain words, which may well stand for something else."""


def _docstrings(tree: ast.AST) -> set[int]:
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def named_in(source: str) -> set[str]:
    """Return the names of ours in a module: in a text, or a plain word where values are read."""
    tree = ast.parse(source)
    passed = _docstrings(tree)
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed
    ]
    found = {name for text in texts for name in DISTINCT if name == text or f'"{name}"' in text}
    return found | {word for word in _looked_up(tree) if word in NAMES}


def _looked_up(tree: ast.AST) -> Iterator[str]:
    """Yield the texts that a row or an answer is read by, or its values are compared with."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield from _texts(node.left, *node.comparators)
        elif isinstance(node, ast.Subscript):
            yield from _texts(node.slice)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "get":
            yield from _texts(*node.args[:1])


def _texts(*nodes: ast.expr) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.List | ast.Set | ast.Tuple):
            yield from _texts(*node.elts)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(JUDGE.parent)))
def test_no_module_of_the_judge_holds_a_default_name(path: Path) -> None:
    found = named_in(path.read_text(encoding="utf-8"))
    allowed = {TOKENS: {FIELDS.admin.key}, **GUESSES}
    # Names of the protocol, in its messages.
    allowed |= {module: {"level", "requestId"} for module in MESSAGES}
    assert found - allowed.get(path, set()) == set()


@pytest.mark.parametrize(
    "source",
    [
        'x = row.event == "api_key.auth_success"',
        'x = row.outcome == "failure"',
        'x = answer.structured.get("tenantId")',
        'x = entry["level"]',
        'x = scopes == ["global"]',
        "x = b'{\"tenantId\": 1}'.decode() + '{\"tenantId\": 1}'",
    ],
)
def test_a_name_would_be_found(source: str) -> None:
    assert named_in(source)
