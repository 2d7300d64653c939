"""Every read of the agenda."""
