"""Which panel is best for some data: sites are hidden, the rest is sent, each answer is scored."""
