"""Pure decisions: what is news, who gets it, when, and what becomes of a mail."""
