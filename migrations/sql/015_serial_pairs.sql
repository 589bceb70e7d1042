-- Which characters follow each other in the serial numbers of each product: a part of a serial number
-- can be in the units of no other products. It replaces an index of each serial's single characters,
-- which made receiving slow and, in a large store, every search for one or two characters as well.

-- A pair is two characters, or the last one. A concurrent statement may add the same pair again,
-- which does no harm; a unique index would let one clerk wait for another's transaction.
CREATE TABLE serial_pairs (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_serial_pairs PRIMARY KEY,
    pair text COLLATE "C" NOT NULL,
    product_id uuid NOT NULL CONSTRAINT fk_serial_pairs_product_id REFERENCES products
);
INSERT INTO serial_pairs (pair, product_id)
SELECT DISTINCT pair, product_id
FROM (SELECT substr(words, generate_series(1, length(words)), 2) AS pair, product_id
    FROM item_search) pairs;
CREATE INDEX ix_serial_pairs_pair ON serial_pairs (pair, product_id);

DROP INDEX ix_item_search_words;
CREATE INDEX ix_item_search_words ON item_search USING gin (words gin_trgm_ops);
-- Worked out where a unit is received; the serial number itself is in items.
ALTER TABLE item_search ALTER COLUMN words DROP EXPRESSION;
ALTER TABLE item_search ALTER COLUMN words SET NOT NULL, DROP COLUMN serial_number;

-- One trigger a unit instead of two, and no row in this index for what refers to nothing.
DROP TRIGGER set_serial_key ON items;
DROP FUNCTION set_serial_key();
DROP INDEX ix_inventory_status_history_reference;
CREATE INDEX ix_inventory_status_history_reference ON inventory_status_history (reference_id, id)
    WHERE reference_id IS NOT NULL;

-- The functions as they are, but for these statements.
CREATE FUNCTION pg_temp.replace_in(changed_function regproc, known text, replacement text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    before text := pg_get_functiondef(changed_function);
    after text := replace(before, known, replacement);
BEGIN
    IF after = before THEN RAISE EXCEPTION '% has no "%"', changed_function, known; END IF;
    EXECUTE after;
END $$;
SELECT pg_temp.replace_in('guard_item',
$known$    IF TG_OP = 'UPDATE' THEN
$known$,
$new$    IF TG_OP = 'INSERT' THEN
        NEW.serial_key := serial_key(NEW.serial_number);
    ELSE
        NEW.serial_key := CASE WHEN NEW.serial_number = OLD.serial_number THEN OLD.serial_key
            ELSE serial_key(NEW.serial_number) END;
$new$);
SELECT pg_temp.replace_in('write_item_history_on_insert',
$known$INSERT INTO public.item_search (item_id, product_id, serial_number, serial_key)
    SELECT id, product_id, serial_number, serial_key FROM new_items;$known$,
$new$INSERT INTO public.item_search (item_id, product_id, serial_key, words)
    SELECT id, product_id, serial_key, search_text(serial_number) FROM new_items;
    INSERT INTO public.serial_pairs (pair, product_id)
    SELECT pair, product_id
    FROM (SELECT DISTINCT product_id, pair
        FROM (SELECT product_id, substr(words, generate_series(1, length(words)), 2) AS pair
            FROM (SELECT product_id, search_text(serial_number) AS words FROM new_items
                OFFSET 0) n) every
        ) given
    WHERE NOT EXISTS (SELECT FROM public.serial_pairs known
        WHERE known.pair = given.pair AND known.product_id = given.product_id);$new$);
DROP FUNCTION pg_temp.replace_in(regproc, text, text);

CREATE OR REPLACE FUNCTION follow_serial_number() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    new_words text := search_text(NEW.serial_number);
BEGIN
    UPDATE public.item_search SET words = new_words, serial_key = NEW.serial_key
    WHERE item_id = NEW.id;
    INSERT INTO public.serial_pairs (pair, product_id)
    SELECT DISTINCT substr(new_words, place, 2), NEW.product_id
    FROM generate_series(1, length(new_words)) place;
    RETURN NULL;
END $$;
ANALYZE item_search, serial_pairs;
