"""The doors of an instance: sessions, rights, versions, refusals, limits."""
