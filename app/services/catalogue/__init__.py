"""Products, customers and warehouses."""
