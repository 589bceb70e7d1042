"""What may happen to an invoice."""
