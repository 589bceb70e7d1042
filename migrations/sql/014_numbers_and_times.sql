-- NaN passes every comparison with nought, and a time after the year 9999 cannot be read by the
-- program: one such row in SQL would make every page and report that shows it fail.
-- The edges are those of a day from 1970 to 2100 in any zone, as in app/domain/input/dates.py.
-- Rows from before, which nobody may change, stay as they are.
DO $$
DECLARE rule record;
BEGIN
    FOR rule IN
        SELECT tab, format('ck_%s_%s_number', tab, col) AS name, format('%I <> ''NaN''', col) AS test
        FROM (VALUES ('products', 'price'), ('invoice_items', 'unit_price'),
            ('payments', 'amount'), ('cart_lines', 'unit_price')) amounts (tab, col)
        UNION ALL
        SELECT tab, format('ck_%s_%s_range', tab, col), format(
            '%I BETWEEN ''1969-12-31T00:00:00Z'' AND ''2101-01-02T00:00:00Z''', col)
        FROM (VALUES ('items', 'created_at'), ('items', 'reserved_at'),
            ('items', 'reservation_expiry'), ('invoices', 'created_at'),
            ('payments', 'created_at'), ('payments', 'received_at'),
            ('inventory_status_history', 'change_date'), ('invoice_status_history', 'change_date'),
            ('customers', 'created_at'), ('products', 'created_at'),
            ('api_tokens', 'expires_at'), ('inconsistencies', 'snoozed_until')) times (tab, col)
    LOOP
        EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I CHECK (%s) NOT VALID',
            rule.tab, rule.name, rule.test);
        BEGIN
            EXECUTE format('ALTER TABLE %I VALIDATE CONSTRAINT %I', rule.tab, rule.name);
        EXCEPTION WHEN check_violation THEN
            RAISE NOTICE '% has rows from before that break %', rule.tab, rule.name;
        END;
    END LOOP;
END $$;
