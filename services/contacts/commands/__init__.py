"""Every change of contacts, and the message that tells of it."""
