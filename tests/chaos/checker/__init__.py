"""What is there at the end, compared with what was promised: ledger, databases, topics, mailboxes."""
