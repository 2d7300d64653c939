"""Every read of this service."""
