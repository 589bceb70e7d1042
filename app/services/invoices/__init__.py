"""Creating, paying, delivering and cancelling invoices."""
