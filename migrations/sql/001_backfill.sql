-- Takes the earlier shop's stock over. What cannot be taken over is reported by the migration, which
-- has looked for it before (see 001_add_inventory_lifecycle_system.py).

UPDATE invoice_items l SET live = false
FROM invoices i WHERE i.id = l.invoice_id AND i.status = 'Cancelled';

UPDATE invoices i SET
    total = coalesce((SELECT sum(unit_price) FROM invoice_items l WHERE l.invoice_id = i.id), 0),
    paid = coalesce((SELECT sum(amount) FROM payments p WHERE p.invoice_id = i.id), 0);
UPDATE invoices SET status = 'PartiallyPaid' WHERE status = 'Open' AND paid > 0;
UPDATE invoices SET status = 'Open' WHERE status = 'PartiallyPaid' AND paid = 0;

UPDATE payments SET received_at = created_at;

UPDATE items u SET
    inventory_status = CASE WHEN i.status IN ('Open', 'PartiallyPaid') THEN 'Reserved'
                            WHEN i.status = 'Paid' THEN 'Sold' ELSE 'Delivered' END,
    reserved_for_type = CASE WHEN i.status IN ('Open', 'PartiallyPaid') THEN 'Invoice' END,
    reserved_for_id = CASE WHEN i.status IN ('Open', 'PartiallyPaid') THEN i.id::text END,
    reserved_at = CASE WHEN i.status IN ('Open', 'PartiallyPaid') THEN i.created_at END,
    reserved_by = CASE WHEN i.status IN ('Open', 'PartiallyPaid')
        THEN coalesce(i.created_by, '00000000-0000-7000-8000-000000000001') END
FROM invoice_items l JOIN invoices i ON i.id = l.invoice_id
WHERE l.item_id = u.id AND l.live;

UPDATE items SET updated_at = status_changed_at, history_length = 1;
UPDATE items u SET history_hash = history_row_hash(
    '\x', u.id, 1, NULL, u.inventory_status, 'MIGRATED', x.reference_type, x.reference_id,
    '00000000-0000-7000-8000-000000000001', u.status_changed_at, u.status_changed_at, x.notes, NULL)
FROM migrated_references x WHERE x.item_id = u.id;

INSERT INTO inventory_status_history (item_id, seq, to_status, change_reason, reference_type,
    reference_id, changed_by, change_date, created_at, notes, hash)
SELECT u.id, 1, u.inventory_status, 'MIGRATED', x.reference_type, x.reference_id,
    '00000000-0000-7000-8000-000000000001', u.status_changed_at, u.status_changed_at, x.notes,
    u.history_hash
FROM items u JOIN migrated_references x ON x.item_id = u.id
ORDER BY u.id;

INSERT INTO invoice_status_history (invoice_id, to_status, changed_by, change_date, notes)
SELECT id, status, '00000000-0000-7000-8000-000000000001', clock_timestamp(),
    'Taken over from the earlier system'
FROM invoices ORDER BY id;

INSERT INTO item_search (item_id, serial_number) SELECT id, serial_number FROM items ORDER BY id;
INSERT INTO stock_tallies (product_id, warehouse_id, inventory_status, quantity)
SELECT product_id, warehouse_id, inventory_status, count(*) FROM items GROUP BY 1, 2, 3;

UPDATE products p SET next_serial = 1 + (SELECT count(*) FROM items i WHERE i.product_id = p.id);
