"""How an API operation is declared, read, answered and documented."""
