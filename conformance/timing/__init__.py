"""Verdicts on time: sampling, statistics, and what they can and cannot tell."""
