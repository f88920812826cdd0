"""Programs that the judge starts: the target, further processes of it, its operators' tools."""
