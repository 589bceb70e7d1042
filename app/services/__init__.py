"""Everything that changes anything. Each public method is a transaction of its own."""
