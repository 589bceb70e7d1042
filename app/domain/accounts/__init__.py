"""Roles, token scopes, delays after wrong passwords."""
