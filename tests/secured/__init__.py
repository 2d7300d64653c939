"""A secured cluster: its node ends with the last test of this folder."""
