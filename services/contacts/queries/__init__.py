"""Every read of contacts, within a scope."""
