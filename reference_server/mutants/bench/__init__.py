"""The bench on which mutants are judged: one cluster and one warm process for many of them."""
