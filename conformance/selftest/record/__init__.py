"""Tests of the run record."""
