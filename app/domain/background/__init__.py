"""Which jobs run when."""
