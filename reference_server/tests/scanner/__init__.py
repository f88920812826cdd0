"""Tests of scanner triage."""
