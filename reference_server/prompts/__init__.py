"""The prompts, one a file; `registry` names them."""
