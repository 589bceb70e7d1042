"""Items: lists, search, history."""
