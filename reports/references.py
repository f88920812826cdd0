"""Where a reference of the catalogue can be read, and what it is called."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CWE = re.compile(r"CWE-([0-9]{1,6})")
_OWASP_MCP = re.compile(r"OWASP (MCP[0-9]{2})(?::2025)?")
_RFC = re.compile(r"RFC ([0-9]{1,5}) §([0-9]{1,3}(?:\.[0-9]{1,3})*)")

# Pages of single risks have moved between drafts of the list; its own tab has stayed.
OWASP_MCP_LIST = "https://owasp.org/www-project-mcp-top-10/#div-top10"
OWASP_MCP_RISKS = {
    "MCP01": "Token Mismanagement & Secret Exposure",
    "MCP02": "Privilege Escalation via Scope Creep",
    "MCP03": "Tool Poisoning",
    "MCP04": "Software Supply Chain Attacks & Dependency Tampering",
    "MCP05": "Command Injection & Execution",
    "MCP06": "Intent Flow Subversion",
    "MCP07": "Insufficient Authentication & Authorization",
    "MCP08": "Lack of Audit and Telemetry",
    "MCP09": "Shadow MCP Servers",
    "MCP10": "Context Injection & Over-Sharing",
}
"""The OWASP MCP Top 10 of 2025, by number."""


@dataclass(frozen=True)
class Reference:
    """A reference as it is cited; ``title`` and ``url`` are empty where none is known."""

    cited: str
    title: str = ""
    url: str = ""


def weakness(cited: str) -> str | None:
    """Return the number of the CWE entry that a reference is, as digits; None if it is none."""
    match = _CWE.fullmatch(cited)
    return match[1] if match else None


def weakness_page(number: str) -> str:
    """Return the URL of a CWE entry."""
    return f"https://cwe.mitre.org/data/definitions/{number}.html"


def resolve(cited: str) -> Reference:
    """Return what is known of a reference. Its URL is made of digits alone, never of its words."""
    if number := weakness(cited):
        return Reference(cited, "", weakness_page(number))
    if match := _OWASP_MCP.fullmatch(cited):
        title = OWASP_MCP_RISKS.get(match[1], "")
        return Reference(cited, title, OWASP_MCP_LIST if title else "")
    if match := _RFC.fullmatch(cited):
        number, section = match[1], match[2]
        return Reference(cited, "", f"https://www.rfc-editor.org/rfc/rfc{number}#section-{section}")
    return Reference(cited)
