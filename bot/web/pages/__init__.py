"""One module per page; each turns store nouns into a template."""
