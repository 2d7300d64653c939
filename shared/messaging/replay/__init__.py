"""Reading the topics again: projections made anew, own topics watched and compared with the database."""
