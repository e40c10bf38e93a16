"""What byname does: collect, tag, suggest, review, post, measure, digest; web pages; CLI."""
