"""What byname does: collect, tag, suggest, review, post, measure, digest; the web pages; the CLI."""
