"""Where drafts come from: playbook first, then memory."""
