"""Tests of tiers, servers and the one decision."""
