"""The agenda of one EPCI: events, seats, registrations.

Sends agenda-event, registration and mail-order; hears the agenda of all EPCI, and what became of its mails.
"""
