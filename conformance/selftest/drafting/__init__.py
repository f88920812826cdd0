"""Tests of `conformance/drafting`."""
