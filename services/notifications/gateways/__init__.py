"""Other machines: the relay that takes our mails."""
