"""The trail: rows that are durable before an answer leaves, and chained so that a change shows."""
