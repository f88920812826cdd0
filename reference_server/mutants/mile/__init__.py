"""Defects of what tools of other programs are given, and of what is told of them."""
