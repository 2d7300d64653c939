"""Users of every EPCI, over HTTP only, and what they were told."""
