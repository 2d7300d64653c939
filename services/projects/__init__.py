"""Projects of one EPCI: fiches, stages, funding, partners. Sends `project`, `participation`; hears both of all EPCI."""
