"""Carts: their states and names."""
