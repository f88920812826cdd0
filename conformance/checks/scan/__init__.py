"""SCAN: triage of mass scanners."""
