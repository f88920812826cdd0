"""Tests of the reports: what is rendered, and what is refused."""
