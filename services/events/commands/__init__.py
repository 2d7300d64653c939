"""Every change of the agenda, and the messages and mails that tell of it."""
