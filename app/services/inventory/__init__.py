"""Receiving, holding, releasing and correcting items."""
