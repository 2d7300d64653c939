"""Pages: theme, formats, templates, live notices and the browser files, with no word about any one service."""
