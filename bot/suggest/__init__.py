"""From a message to a suggestion with evidence, or to silence with a reason."""
