"""Pages as people see them: what runs for them ends with the last test of this folder."""
