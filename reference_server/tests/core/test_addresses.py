"""Whom an address stands for."""

from __future__ import annotations

import pytest

from reference_server.core.addresses import site_of, wider


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("::1", "::/64"),
        ("no address", "no address"),
        ("", ""),
    ],
)
def test_a_site_is_what_one_caller_can_choose_from(address: str, site: str) -> None:
    assert site_of(address) == site
    assert site_of(site) == site


def test_what_holds_a_site_ends_with_what_holds_all() -> None:
    assert wider("192.0.2.7") == ["192.0.2.0/24", "192.0.0.0/16", "0.0.0.0/0"]
    assert wider("2001:db8:1:2::/64") == ["2001:db8:1::/48", "2001:db8::/32", "::/0"]
    assert wider("no address") == []
