"""Every read of the service; each takes the scope of whoever asks."""
