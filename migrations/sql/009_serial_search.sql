-- Serial numbers are unique without regard to case, sort as people count, and are found by any
-- part of them, as product names, SKUs, barcodes and customers are, without regard to accents.

-- Generated first, which fills it without touching the units; then kept by a trigger, since what is
-- generated would be worked out anew at every change of status.
ALTER TABLE items ADD COLUMN serial_key text COLLATE "C" NOT NULL
    GENERATED ALWAYS AS (serial_key(serial_number)) STORED;
ALTER TABLE items ALTER COLUMN serial_key DROP EXPRESSION;

CREATE FUNCTION set_serial_key() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.serial_number = OLD.serial_number THEN
        NEW.serial_key := OLD.serial_key;
    ELSE
        NEW.serial_key := serial_key(NEW.serial_number);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER set_serial_key BEFORE INSERT OR UPDATE OF serial_number, serial_key ON items
    FOR EACH ROW EXECUTE FUNCTION set_serial_key();
ALTER TABLE items ENABLE ALWAYS TRIGGER set_serial_key;

CREATE FUNCTION follow_serial_number() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE public.item_search SET serial_number = NEW.serial_number WHERE item_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER follow_serial_number AFTER UPDATE OF serial_number ON items
    FOR EACH ROW WHEN (OLD.serial_number IS DISTINCT FROM NEW.serial_number)
    EXECUTE FUNCTION follow_serial_number();
ALTER TABLE items ENABLE ALWAYS TRIGGER follow_serial_number;

-- Units of before whose serial numbers differ in case alone keep them. The first has the serial's
-- key, the others that key with a number behind it: no new unit can have either.
DO $$
DECLARE
    guard record;
BEGIN
    IF NOT EXISTS (SELECT FROM items GROUP BY serial_key HAVING count(*) > 1) THEN RETURN; END IF;
    ALTER TABLE items DISABLE TRIGGER USER;
    UPDATE items SET serial_key = items.serial_key || E'\x02' || same.place
    FROM (SELECT id, row_number() OVER (PARTITION BY serial_key ORDER BY id) AS place
        FROM items) same
    WHERE same.id = items.id AND same.place > 1;
    FOR guard IN SELECT tgname FROM pg_trigger
                 WHERE tgrelid = 'items'::regclass AND NOT tgisinternal LOOP
        EXECUTE format('ALTER TABLE items ENABLE ALWAYS TRIGGER %I', guard.tgname);
    END LOOP;
END $$;
ALTER TABLE items DROP CONSTRAINT uq_items_serial_number;
CREATE UNIQUE INDEX uq_items_serial_key ON items (serial_key);
DROP INDEX ix_items_status_serial;
CREATE INDEX ix_items_status_serial ON items (inventory_status, serial_key);

-- Parts of three letters and digits or more are found by trigrams, others by their characters.
DROP INDEX ix_item_search_serial_number;
CREATE INDEX ix_item_search_serial_number ON item_search USING gin (
    search_text(serial_number) gin_trgm_ops, string_to_array(search_text(serial_number), NULL));

ALTER TABLE products ALTER COLUMN search_text
    SET EXPRESSION AS (search_text(sku || ' ' || name || ' ' || coalesce(barcode, '')));
ALTER TABLE customers ALTER COLUMN search_text
    SET EXPRESSION AS (search_text(name || ' ' || coalesce(email, '')));
DROP INDEX uq_products_barcode;
CREATE UNIQUE INDEX uq_products_barcode ON products (barcode_key(barcode)) WHERE barcode IS NOT NULL;
DROP INDEX uq_users_email;
CREATE UNIQUE INDEX uq_users_email ON users (fold_text(email));
ANALYZE items, item_search, products, customers;
