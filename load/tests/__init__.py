"""Tests of the load test: planted gaps, duplicates and crossings, and one short run."""
