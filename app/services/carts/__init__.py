"""A user's carts and their sale."""
