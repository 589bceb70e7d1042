"""The page of a new invoice: cart, scanning, the form."""
