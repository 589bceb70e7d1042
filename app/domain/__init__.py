"""The rules of the store in pure Python: no database, no web."""
