"""The SQL channels: the runtime role's, the auditor's and the owner's."""
