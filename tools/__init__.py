"""Programs for those who work on Holdfast."""
