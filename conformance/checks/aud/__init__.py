"""AUD: the audit trail."""
