"""Everything that is read. Functions return frozen dataclasses and never write."""
