"""Every change of state of this service."""
