"""Every change of state of the service, and the message that tells of it."""
