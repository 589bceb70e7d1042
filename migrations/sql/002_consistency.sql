-- The life of a finding, what a check has seen, and the one change of a line that mends a sale.

ALTER TABLE inconsistencies
    ADD COLUMN resolved_by uuid,
    ADD COLUMN reopened_at timestamptz,
    ADD COLUMN times_reopened integer NOT NULL DEFAULT 0,
    -- History up to this row is known to be broken and was accepted so; it cannot be mended.
    ADD COLUMN settled_through integer;
CREATE INDEX ix_inconsistencies_open ON inconsistencies (kind, id) WHERE resolved_at IS NULL;
CREATE INDEX ix_inconsistencies_resolved_at ON inconsistencies (resolved_at, id)
    WHERE resolved_at IS NOT NULL;
CREATE INDEX ix_inconsistencies_settled ON inconsistencies (item_id, settled_through)
    WHERE settled_through IS NOT NULL;

CREATE TABLE inconsistency_steps (
    id uuid CONSTRAINT pk_inconsistency_steps PRIMARY KEY DEFAULT uuidv7(),
    inconsistency_id uuid NOT NULL
        CONSTRAINT fk_inconsistency_steps_inconsistency_id REFERENCES inconsistencies,
    step text NOT NULL CONSTRAINT ck_inconsistency_steps_step
        CHECK (step IN ('acknowledged', 'snoozed', 'resolved', 'reopened')),
    taken_by uuid NOT NULL,
    note text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_inconsistency_steps_inconsistency_id
    ON inconsistency_steps (inconsistency_id, id);

CREATE TABLE consistency_checks (
    id uuid CONSTRAINT pk_consistency_checks PRIMARY KEY DEFAULT uuidv7(),
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    is_full boolean NOT NULL,
    result jsonb NOT NULL
);
CREATE INDEX ix_consistency_checks_started_at ON consistency_checks (started_at);

-- What changed since the last check. A block range index costs a change of a unit next to nothing.
CREATE INDEX ix_items_updated_at ON items
    USING brin (updated_at) WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX ix_invoices_updated_at ON invoices
    USING brin (updated_at) WITH (pages_per_range = 16, autosummarize = on);

-- A line stays what it is, but an admin's correction may put another unit of the same product in
-- the place of one that is missing or sold twice; price, sums and invoice stay.
CREATE OR REPLACE FUNCTION refuse_line_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.invoice_id, NEW.unit_price) = (OLD.id, OLD.invoice_id, OLD.unit_price)
       AND holdfast_setting('reason') = 'CORRECTION' AND holdfast_setting('user_id') IS NOT NULL
       AND (SELECT product_id FROM public.items WHERE id = NEW.item_id)
           = (SELECT product_id FROM public.items WHERE id = OLD.item_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'an invoice line is removed and added anew, never changed'
        USING ERRCODE = 'HF004',
        HINT = 'A correction may swap its unit for another one of the same product.';
END $$;
