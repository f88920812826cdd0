"""Attacks of one client beside two well-behaved tenants, whose answers decide.

``python -m load.attacks`` makes them all, each for a minute; docs/attacks.md tells what came of it.
"""
