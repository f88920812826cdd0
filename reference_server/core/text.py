"""Text that a database can hold."""


def clean_text(text: str) -> str:
    """Return the text without what PostgreSQL cannot store: NUL and lone surrogates."""
    # Replaced, not removed: what stood apart must not join to a word nobody looked for.
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")
