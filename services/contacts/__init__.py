"""Companies, their establishments and people, and what was said with them.

Sends `person-card` to the services of its own EPCI; hears `registration`, which shows as an exchange once attended.
"""
