"""The four services of an EPCI, and the floors above them: host, demo, command line."""
