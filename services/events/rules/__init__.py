"""Pure decisions of the agenda: statuses, seats, offers, calendars, the words of mails."""
