-- What lists and the dashboard ask for stays quick in a store of millions.

-- A list of one status by serial number.
CREATE INDEX ix_items_status_serial ON items (inventory_status, serial_number);

-- Invoices per status, as rows that add up: writers only ever append, the cleanup job folds.
CREATE TABLE invoice_tallies (
    status text NOT NULL,
    quantity bigint NOT NULL
);
-- Nobody may commit an invoice between the count and the trigger that goes on counting.
LOCK TABLE invoices IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO invoice_tallies (status, quantity) SELECT status, count(*) FROM invoices GROUP BY 1;

CREATE OR REPLACE FUNCTION write_invoice_history() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    who uuid := holdfast_setting('user_id')::uuid;
BEGIN
    IF who IS NULL THEN
        RAISE EXCEPTION 'invoice %: a change of status names its user', NEW.number
            USING ERRCODE = 'HF001';
    END IF;
    PERFORM require_user(who);
    INSERT INTO public.invoice_status_history
        (invoice_id, from_status, to_status, changed_by, change_date, notes, request_id)
    VALUES (NEW.id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END, NEW.status, who,
        coalesce(holdfast_setting('change_date')::timestamptz, clock_timestamp()),
        holdfast_setting('notes'), holdfast_setting('request_id'));
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO public.invoice_tallies (status, quantity)
        VALUES (OLD.status, -1), (NEW.status, 1);
    ELSE
        INSERT INTO public.invoice_tallies (status, quantity) VALUES (NEW.status, 1);
    END IF;
    RETURN NULL;
END $$;
