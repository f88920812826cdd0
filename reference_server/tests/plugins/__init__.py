"""Tests of tools of other programs."""
