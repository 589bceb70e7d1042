"""What may happen to an item, and who may do it."""
