"""What can be concluded from what was seen: likeness, randomness, isolation, figures."""
