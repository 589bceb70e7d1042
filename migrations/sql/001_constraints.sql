-- After the backfill: what must hold of every row from now on.
ALTER TABLE items
    ADD CONSTRAINT ck_items_reservation CHECK (
        CASE WHEN inventory_status = 'Reserved'
        THEN reserved_for_type IS NOT NULL AND reserved_for_id IS NOT NULL
             AND reserved_at IS NOT NULL AND reserved_by IS NOT NULL
        ELSE reserved_for_type IS NULL AND reserved_for_id IS NULL
             AND reserved_at IS NULL AND reserved_by IS NULL AND reservation_expiry IS NULL END),
    ADD CONSTRAINT ck_items_expiry CHECK (
        CASE reserved_for_type WHEN 'Session' THEN reservation_expiry IS NOT NULL
                               WHEN 'Invoice' THEN reservation_expiry IS NULL ELSE true END),
    ADD CONSTRAINT ck_items_history CHECK (history_length >= 1);

ALTER TABLE invoices
    ADD CONSTRAINT ck_invoices_paid CHECK (paid >= 0 AND paid <= total),
    ADD CONSTRAINT ck_invoices_settled CHECK (status NOT IN ('Paid', 'Delivered') OR paid = total);

-- A line is live exactly as long as its invoice is, and a unit is on one live line at the most.
ALTER TABLE invoice_items
    DROP CONSTRAINT fk_invoice_items_invoice_id,
    ADD CONSTRAINT fk_invoice_items_live FOREIGN KEY (invoice_id, live)
        REFERENCES invoices (id, is_live) ON UPDATE CASCADE;
CREATE UNIQUE INDEX uq_invoice_items_live_item ON invoice_items (item_id) WHERE live;
CREATE INDEX ix_invoice_items_item_id ON invoice_items (item_id);

CREATE INDEX ix_items_inventory_status ON items (inventory_status, id);
CREATE INDEX ix_items_product_id ON items (product_id, inventory_status, id);
CREATE INDEX ix_items_reserved_for ON items (reserved_for_type, reserved_for_id, id)
    WHERE reserved_for_type IS NOT NULL;
CREATE INDEX ix_items_reservation_expiry ON items (reservation_expiry)
    WHERE reservation_expiry IS NOT NULL;
CREATE INDEX ix_items_reserved_at ON items (reserved_at, id) WHERE reserved_at IS NOT NULL;
CREATE INDEX ix_items_elsewhere ON items (status, id) WHERE status <> 'InStock';
CREATE INDEX ix_items_condition ON items (condition, id) WHERE condition <> 'New';
CREATE INDEX ix_invoices_status ON invoices (status, id);
CREATE INDEX ix_invoices_customer_id ON invoices (customer_id, id);

-- Numbers go on where the earlier shop stopped.
CREATE SEQUENCE invoice_numbers START 1001;
SELECT setval('invoice_numbers', greatest(1001, 1 + coalesce(
    (SELECT max(number::bigint) FROM invoices WHERE number ~ '^[0-9]{1,15}$'), 0)), false);
ALTER TABLE invoices ALTER COLUMN number SET DEFAULT nextval('invoice_numbers')::text;
