-- What a search needs of a unit beside its text, so that it finds and sorts units by this narrow
-- table alone: folded once, not at every look, and in order of serial number by product.
ALTER TABLE item_search
    ADD COLUMN product_id uuid,
    ADD COLUMN serial_key text COLLATE "C",
    ADD COLUMN words text COLLATE "C" GENERATED ALWAYS AS (search_text(serial_number)) STORED;
UPDATE item_search s SET product_id = i.product_id, serial_key = i.serial_key
FROM items i WHERE i.id = s.item_id;
ALTER TABLE item_search
    ALTER COLUMN product_id SET NOT NULL,
    ALTER COLUMN serial_key SET NOT NULL;
DROP INDEX ix_item_search_serial_number;
CREATE INDEX ix_item_search_words ON item_search USING gin (
    words gin_trgm_ops, string_to_array(words, NULL));
CREATE INDEX ix_item_search_product_id ON item_search (product_id, serial_key);

-- The function as it is, whatever has been added to it since migration 001, but for its statement
-- that fills item_search.
DO $$
DECLARE
    known text := pg_get_functiondef('write_item_history_on_insert'::regproc);
    changed text := replace(known,
        'INSERT INTO public.item_search (item_id, serial_number) SELECT id, serial_number FROM',
        'INSERT INTO public.item_search (item_id, product_id, serial_number, serial_key)
    SELECT id, product_id, serial_number, serial_key FROM');
BEGIN
    IF changed = known THEN
        RAISE EXCEPTION 'write_item_history_on_insert fills item_search in another way';
    END IF;
    EXECUTE changed;
END $$;

CREATE OR REPLACE FUNCTION follow_serial_number() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE public.item_search SET serial_number = NEW.serial_number, serial_key = NEW.serial_key
    WHERE item_id = NEW.id;
    RETURN NULL;
END $$;
ANALYZE item_search;
