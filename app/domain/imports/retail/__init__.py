"""Reading a retailer's file of invoice lines."""
