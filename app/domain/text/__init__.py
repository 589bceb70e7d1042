"""How texts are compared and written."""
