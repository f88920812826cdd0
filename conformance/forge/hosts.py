"""Forms of the Host field and of the request target that a guard may take for another route."""

from __future__ import annotations

_PUBLIC = ("/docs", "/")
"""Routes, beside the health route, that servers often let everybody have."""


def hosts(netloc: str, health: str) -> list[str]:
    """Return values of one Host field that should lead to no other route.

    ``netloc`` is the target's host with its port; ``health`` is the path of its open route.
    """
    name = netloc.rpartition(":")[0] or netloc
    forms = [
        f"{netloc}{path}{end}"
        for path in dict.fromkeys((health, *_PUBLIC))
        for end in ("?", "#", "", "?x=")
    ]
    forms += [f"{name}{health}?", f"{netloc}?", f"{netloc}#", f"{netloc}\\{health}?"]
    forms += [f"user:secret@{netloc}", f"{netloc}@{name}", f"x{health}?@{netloc}"]
    forms += [f"{name}:", f"{name}:0", f"{name}:99999", f"{netloc}{health}?:80", name]
    forms += [netloc.upper(), "localhost", "LOCALHOST", "127.0.0.1", ""]
    return [form for form in dict.fromkeys(forms) if form != netloc]


def absolute_targets(netloc: str, path: str, health: str) -> list[str]:
    """Return request targets in absolute form (RFC 9112 section 3.2.2) that name ``path``."""
    return [
        f"http://{netloc}{path}",
        f"HTTP://{netloc.upper()}{path}",
        f"https://{netloc}{path}",
        f"http://localhost{path}",
        f"http://user@{netloc}{path}",
        f"http://{netloc}{health}/..{path}",
        f"http://{netloc}/{path}",
    ]
