-- One e-mail address, one customer. Of several who have one now the oldest keeps it; the others keep
-- everything else, their invoices too, and have it as a former address.
LOCK TABLE customers IN SHARE ROW EXCLUSIVE MODE;
ALTER TABLE customers ADD COLUMN former_email text;
UPDATE customers c SET former_email = c.email, email = NULL
FROM (SELECT id, row_number() OVER (PARTITION BY fold_text(email) ORDER BY id) AS place
      FROM customers WHERE email IS NOT NULL) shared
WHERE shared.id = c.id AND shared.place > 1;

DROP INDEX ix_customers_email;
CREATE UNIQUE INDEX uq_customers_email ON customers (fold_text(email)) WHERE email IS NOT NULL;
