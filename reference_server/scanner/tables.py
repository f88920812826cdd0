"""What scanners ask for and call themselves: data alone, to which settings add.

Extensions, paths, tools and thresholds are those of seed 003, "Scanner Detection at the Edge".
"""

from __future__ import annotations

from typing import Final

EXTENSIONS: Final = (
    *("php", "env", "git", "sql", "bak", "old"),
    *("zip", "gz", "db", "config", "cgi", "htm"),
)
"""Endings of names that no MCP server serves."""

PATHS: Final = (
    "/admin",
    "/wp-admin",
    "/wp-content",
    "/uploads",
    "/cgi-bin",
    "/phpmyadmin",
    "/xmlrpc",
    "/luci",
    "/ssi.cgi",
    "internal_forms_authentication",
    "/identity",
    "/login.htm",
    "/manager/html",
    "/config/",
    "/setup.cgi",
    "/eval-stdin.php",
    "/shell.php",
    "/c99.php",
)
"""Pieces of paths that mass scanners walk, in small letters."""

TOOLS: Final = (
    *("masscan", "nmap", "nikto", "sqlmap", "havij", "acunetix", "nessus", "openvas", "w3af"),
    *("metasploit", "burpsuite", "zaproxy", "zgrab", "censys", "shodan", "palo alto", "xpanse"),
    *("probe-image-size", "libredtail", "httpclient", "httpunit", "java/", "wordpress/"),
    *("wp-http", "wp-cron"),
)
"""Beginnings of words by which scanners and their libraries name themselves, in small letters."""

WORDS: Final = ("zap",)
"""The same, of names that other words begin with: ``Zapier`` is a client like any other."""

CLIENTS: Final = {
    "curl": 20,
    "wget": 20,
    "python-requests": 30,
    "go-http-client": 30,
    "ruby": 25,
}
"""Generic HTTP clients, and the characters below which their agent names nobody who uses them."""

BROWSERS: Final = ("chrome", "firefox")
"""Browsers that update themselves, so that an old version is rarely a person's."""

ANONYMOUS: Final = "mozilla/5.0"
"""The agent of a browser with all that a browser adds left out."""
