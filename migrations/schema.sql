-- The schema as it is after all migrations, table by table, for people to read.
--
-- Written by `make schema`, and a test compares. To change it, add a migration (versions/, sql/)
-- and run `make schema` again.
--
-- The migrations stay as they were run, so they cannot be split by table; the sections of this file
-- are that split. A section has the functions that only its table uses, the table with its
-- constraints, its indexes, and its triggers in the order in which they fire, each below the
-- function that it runs. What several tables use stands before all tables.
--
-- Triggers are ENABLE ALWAYS: they fire even under session_replication_role = replica. The settings
-- of a transaction that they read and the errors that they raise (HF001 to HF005) are at the head
-- of sql/001_guards.sql.
--
-- Comments are those of the migrations. The number before each says which: 001 is sql/001_*.sql.
-- A comment is as old as its migration; where a later one has defined the same again, both stand.
--
-- psql makes the same schema from this file, in an empty database.

-- The tables:
-- users, customers, products, warehouses, locations, items, invoices, invoice_items, payments,
-- inventory_transitions, invoice_transitions, inventory_status_history, invoice_status_history,
-- item_search, stock_tallies, transition_tallies, inconsistencies, job_runs, daily_reports,
-- api_tokens, idempotency_keys, outbox, inconsistency_steps, consistency_checks, invoice_tallies,
-- step_places, unit_places, void_invoice_numbers, invoice_number_watch, carts, cart_lines,
-- serial_corrections, serial_pairs

-- A function may stand before a table that it reads.
SET check_function_bodies = off;

CREATE EXTENSION pg_trgm;

CREATE SEQUENCE invoice_numbers START WITH 1001;


-- ===== Functions that several tables use =========================================================

-- 001: Taking the invoice's row in here is what keeps two payments at once from both fitting.
CREATE FUNCTION add_to_invoice(invoice uuid, to_total numeric, to_paid numeric) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE public.invoices SET total = total + to_total, paid = paid + to_paid
    WHERE id = invoice AND status IN ('Open', 'PartiallyPaid');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lines and payments belong to an invoice that awaits payment'
            USING ERRCODE = 'HF005';
    END IF;
END $$;

-- 006: What two spellings of one text have in common: letters' case, forms, unseen characters,
--      spaces.
CREATE FUNCTION fold_text(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN t COLLATE "C" ~ '^[!-~]*$' THEN lower(t COLLATE "C")
        ELSE btrim(regexp_replace(
            normalize(casefold(normalize(casefold(
                regexp_replace(normalize(t, NFD),
                    U&'[\00AD\034F\061C\115F\1160\17B4\17B5\180B-\180F\200B-\200F\202A-\202E'
                    '\2060-\206F\3164\FE00-\FE0F\FEFF\FFA0\FFF0-\FFF8\+01BCA0-\+01BCA3'
                    '\+01D173-\+01D17A\+0E0000-\+0E0FFF]', '', 'g')
                COLLATE pg_unicode_fast), NFKC) COLLATE pg_unicode_fast), NFKC) COLLATE "C",
            U&'[\0009-\000D\001C-\0020\0085\00A0\1680\2000-\200A\2028\2029\202F\205F\3000]+',
            ' ', 'g'), ' ')
        END
$$;

CREATE FUNCTION holdfast_setting(name text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('holdfast.' || name, true), '')
$$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '%: % is refused, its rows stay as they were written', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'HF003';
END $$;

CREATE FUNCTION require_user(who uuid) RETURNS void LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.users u WHERE u.id = who) THEN
        RAISE EXCEPTION 'a change of status names its user; there is no user %', who
            USING ERRCODE = 'HF001';
    END IF;
END $$;

-- 006: As fold_text, and without accents.
CREATE FUNCTION search_text(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN octet_length(t) = length(t) THEN public.fold_text(t)
        ELSE normalize(regexp_replace(
            normalize(public.fold_text(t), NFD), U&'[\0300-\036F]', '', 'g'), NFC)
        END
$$;


-- ===== Functions that no table uses: the program calls them ======================================

-- 008: Up to which number it is certain whose each is: `decided`. A number that a transaction has
--      drawn and not yet committed is in nobody's hands. Each statement in here looks anew, in this
--      order.
CREATE FUNCTION decide_invoice_numbers(OUT looked_through bigint, OUT decided bigint,
    OUT drawn bigint, OUT before xid8)
    RETURNS record LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    SELECT CASE WHEN s.is_called THEN s.last_value ELSE s.last_value - 1 END INTO drawn
    FROM public.invoice_numbers s;
    SELECT w.looked_through, pg_snapshot_xmax(here), greatest(w.looked_through,
        CASE WHEN pg_snapshot_xmin(here) >= w.seen_before THEN w.seen_through END,
        CASE WHEN pg_snapshot_xmin(here) = pg_snapshot_xmax(here) THEN drawn END)
    INTO looked_through, before, decided
    FROM public.invoice_number_watch w, pg_current_snapshot() here;
    -- A replica's sequence runs ahead of the numbers that were drawn.
    IF pg_is_in_recovery() THEN
        decided := looked_through;
    END IF;
END $$;

-- 008: The void numbers below `below`, the highest first: those on record, and those since the last
--      look.
CREATE FUNCTION list_void_invoice_numbers(below bigint, most integer)
    RETURNS TABLE(number bigint, drawn_after timestamptz, drawn_before timestamptz)
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    now_known record;
BEGIN
    SELECT * INTO now_known FROM decide_invoice_numbers();
    RETURN QUERY
    SELECT v.number, v.drawn_after, v.drawn_before FROM (
        SELECT w.number, w.drawn_after, w.drawn_before FROM public.void_invoice_numbers w
        UNION ALL
        SELECT * FROM missing_invoice_numbers(now_known.looked_through + 1,
            least(now_known.decided, now_known.looked_through + 10000))) v
    WHERE v.number < below ORDER BY v.number DESC LIMIT most;
END $$;

-- 008: Numbers from `low` to `high` that no invoice has.
CREATE FUNCTION missing_invoice_numbers(low bigint, high bigint)
    RETURNS TABLE(number bigint, drawn_after timestamptz, drawn_before timestamptz)
    LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT n, made_before, made_after FROM (
        SELECT n, v.id,
            max(uuid_extract_timestamp(v.id)) OVER (ORDER BY n) AS made_before,
            min(uuid_extract_timestamp(v.id)) OVER (ORDER BY n DESC) AS made_after
        FROM generate_series(low - 1, high + 1) n
        LEFT JOIN public.invoices v ON v.number = n::text) known
    WHERE id IS NULL AND n BETWEEN low AND high
$$;

-- 008: The last act of a transaction that makes an invoice and must tell its number. What else
--      would be checked by the commit is checked before.
CREATE FUNCTION number_invoice(invoice uuid) RETURNS text LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    SET CONSTRAINTS check_sums IMMEDIATE;
    RETURN draw_invoice_number(invoice);
END $$;


-- ===== users =====================================================================================

CREATE TABLE users (
    id uuid NOT NULL DEFAULT uuidv7(),
    email text NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    active boolean NOT NULL DEFAULT true,
    can_sign_in boolean NOT NULL DEFAULT true,
    last_login_at timestamptz,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT ck_users_role CHECK (role IN ('staff', 'manager', 'admin'))
);

CREATE UNIQUE INDEX uq_users_email ON users (fold_text(email));

CREATE TRIGGER keep BEFORE DELETE OR TRUNCATE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE users ENABLE ALWAYS TRIGGER keep;


-- ===== customers =================================================================================

CREATE TABLE customers (
    id uuid NOT NULL DEFAULT uuidv7(),
    name text NOT NULL,
    email text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tier text NOT NULL DEFAULT 'standard',
    source_reference text,
    search_text text GENERATED ALWAYS AS (search_text((name || ' ') || COALESCE(email, ''))) STORED,
    former_email text,
    CONSTRAINT customers_pkey PRIMARY KEY (id),
    CONSTRAINT uq_customers_source_reference UNIQUE (source_reference),
    CONSTRAINT ck_customers_created_at_range
        CHECK (created_at >= '1969-12-31 00:00:00+00' AND created_at <= '2101-01-02 00:00:00+00'),
    CONSTRAINT ck_customers_tier CHECK (tier IN ('standard', 'vip'))
);

CREATE INDEX ix_customers_search ON customers USING gin (search_text gin_trgm_ops);
CREATE UNIQUE INDEX uq_customers_email ON customers (fold_text(email)) WHERE email IS NOT NULL;


-- ===== products ==================================================================================

-- 006: UPC-A, EAN-13 and GTIN-14 differ by leading zeros alone.
CREATE FUNCTION barcode_key(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN public.fold_text(t) ~ '^[0-9]{8,14}$'
        THEN lpad(public.fold_text(t), 14, '0') ELSE public.fold_text(t) END
$$;

CREATE TABLE products (
    id uuid NOT NULL DEFAULT uuidv7(),
    sku text COLLATE "C" NOT NULL,
    name text NOT NULL,
    price numeric(14,2),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    barcode text,
    category text,
    next_serial integer NOT NULL DEFAULT 1,
    version integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    search_text text
        GENERATED ALWAYS AS (search_text((((sku || ' ') || name) || ' ') || COALESCE(barcode,
            ''))) STORED,
    CONSTRAINT products_pkey PRIMARY KEY (id),
    CONSTRAINT uq_products_sku UNIQUE (sku),
    CONSTRAINT ck_products_created_at_range
        CHECK (created_at >= '1969-12-31 00:00:00+00' AND created_at <= '2101-01-02 00:00:00+00'),
    CONSTRAINT ck_products_price CHECK (price >= 0),
    CONSTRAINT ck_products_price_number CHECK (price <> 'NaN')
);

CREATE INDEX ix_products_search ON products USING gin (search_text gin_trgm_ops);
CREATE UNIQUE INDEX uq_products_barcode ON products (barcode_key(barcode))
    WHERE barcode IS NOT NULL;


-- ===== warehouses ================================================================================

CREATE TABLE warehouses (
    id uuid NOT NULL DEFAULT uuidv7(),
    code text COLLATE "C" NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT warehouses_pkey PRIMARY KEY (id),
    CONSTRAINT uq_warehouses_code UNIQUE (code)
);


-- ===== locations =================================================================================

CREATE TABLE locations (
    id uuid NOT NULL DEFAULT uuidv7(),
    warehouse_id uuid NOT NULL,
    code text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT locations_pkey PRIMARY KEY (id),
    CONSTRAINT uq_locations_id UNIQUE (id, warehouse_id),
    CONSTRAINT uq_locations_warehouse_id UNIQUE (warehouse_id, code),
    CONSTRAINT fk_locations_warehouse_id FOREIGN KEY (warehouse_id) REFERENCES warehouses(id)
);


-- ===== items =====================================================================================

-- 001: The hash of one row of history over the hash of the row before it. Fixed-width fields first,
--      then texts between unit separators, which reference ids may not hold; the free text comes
--      last.
CREATE FUNCTION history_row_hash(previous_hash bytea, item_id uuid, seq integer,
    from_status text, to_status text, change_reason text, reference_type text, reference_id text,
    changed_by uuid, change_date timestamptz, created_at timestamptz, notes text, request_id text)
    RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sha256(previous_hash || uuid_send(item_id) || int4send(seq) || uuid_send(changed_by)
        || timestamptz_send(change_date) || timestamptz_send(created_at)
        || convert_to(concat_ws(E'\x1f', coalesce(from_status, ''), to_status, change_reason,
            coalesce(reference_type, ''), coalesce(reference_id, ''), coalesce(request_id, ''),
            coalesce(notes, '')), 'UTF8'))
$$;

-- 006: Sorts serial numbers as people count, and is the same for one serial only: each number is
--      led by its count of digits, the counts of zeros that led the numbers follow at the end.
CREATE FUNCTION serial_key(t text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    -- The first branch is the usual one and saves a call.
    rest text COLLATE "C" := CASE WHEN t COLLATE "C" ~ '^[!-~]*$' THEN lower(t COLLATE "C")
        ELSE public.fold_text(t) END;
    key text COLLATE "C" := '';
    zeros text COLLATE "C" := '';
    behind text COLLATE "C";
    number text COLLATE "C";
    letters integer;
    digit_count integer;
    zero_count integer;
BEGIN
    LOOP
        letters := strpos(translate(rest, '123456789', '000000000'), '0') - 1;
        EXIT WHEN letters < 0;
        behind := substr(rest, letters + 1);
        number := ltrim(behind, '0');
        zero_count := length(behind) - length(number);
        behind := ltrim(number, '0123456789');
        digit_count := length(number) - length(behind);
        key := key || left(rest, letters)
            || CASE WHEN digit_count < 10 THEN digit_count::text
                ELSE ':' || to_char(digit_count, 'FM9900') END
            || left(number, digit_count);
        zeros := zeros || CASE WHEN zero_count < 10 THEN zero_count::text
            ELSE ':' || to_char(zero_count, 'FM9900') END;
        rest := behind;
    END LOOP;
    RETURN key || rest || E'\x01' || zeros;
END $$;

CREATE TABLE items (
    id uuid NOT NULL DEFAULT uuidv7(),
    serial_number text COLLATE "C" NOT NULL,
    product_id uuid NOT NULL,
    condition text NOT NULL DEFAULT 'New',
    status text NOT NULL DEFAULT 'InStock',
    status_history jsonb NOT NULL DEFAULT '[]',
    notes text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    inventory_status text NOT NULL DEFAULT 'Available',
    warehouse_id uuid NOT NULL DEFAULT '00000000-0000-7000-8000-0000000000a1',
    location_id uuid,
    reserved_at timestamptz,
    reserved_by uuid,
    reserved_for_type text,
    reserved_for_id text,
    reservation_expiry timestamptz,
    version integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- 001: The tail of the unit's history: its length, its last hash and when it was written.
    history_length integer NOT NULL DEFAULT 0,
    history_hash bytea NOT NULL DEFAULT '\x',
    status_changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    serial_key text COLLATE "C" NOT NULL,
    CONSTRAINT items_pkey PRIMARY KEY (id),
    CONSTRAINT ck_items_condition
        CHECK (condition IN ('New', 'OpenBox', 'Used', 'Refurbished', 'Damaged')),
    CONSTRAINT ck_items_created_at_range
        CHECK (created_at >= '1969-12-31 00:00:00+00' AND created_at <= '2101-01-02 00:00:00+00'),
    CONSTRAINT ck_items_expiry
        CHECK (CASE reserved_for_type WHEN 'Session' THEN reservation_expiry IS NOT NULL
            WHEN 'Invoice' THEN reservation_expiry IS NULL ELSE true END),
    CONSTRAINT ck_items_history CHECK (history_length >= 1),
    CONSTRAINT ck_items_inventory_status
        CHECK (inventory_status IN ('Available', 'Reserved', 'Sold', 'Delivered')),
    CONSTRAINT ck_items_reservation
        CHECK (CASE
            WHEN inventory_status = 'Reserved' THEN reserved_for_type IS NOT NULL
                AND reserved_for_id IS NOT NULL AND reserved_at IS NOT NULL
                AND reserved_by IS NOT NULL
            ELSE reserved_for_type IS NULL AND reserved_for_id IS NULL AND reserved_at IS NULL
                AND reserved_by IS NULL AND reservation_expiry IS NULL END),
    CONSTRAINT ck_items_reservation_expiry_range
        CHECK (reservation_expiry >= '1969-12-31 00:00:00+00'
            AND reservation_expiry <= '2101-01-02 00:00:00+00'),
    CONSTRAINT ck_items_reserved_at_range
        CHECK (reserved_at >= '1969-12-31 00:00:00+00' AND reserved_at <= '2101-01-02 00:00:00+00'),
    CONSTRAINT ck_items_reserved_for_id
        CHECK (reserved_for_id <> '' AND strpos(reserved_for_id, E'\x1f') = 0),
    CONSTRAINT ck_items_reserved_for_type
        CHECK (reserved_for_type IN ('Invoice', 'Session', 'Manual')),
    CONSTRAINT ck_items_status
        CHECK (status IN ('InStock', 'InTransit', 'WithCustomer', 'InRepair', 'Missing')),
    CONSTRAINT fk_items_location_id FOREIGN KEY (location_id, warehouse_id)
        REFERENCES locations(id, warehouse_id),
    CONSTRAINT fk_items_product_id FOREIGN KEY (product_id) REFERENCES products(id),
    CONSTRAINT fk_items_warehouse_id FOREIGN KEY (warehouse_id) REFERENCES warehouses(id)
);

CREATE INDEX ix_items_condition ON items (condition, id) WHERE condition <> 'New';
CREATE INDEX ix_items_elsewhere ON items (status, id) WHERE status <> 'InStock';
CREATE INDEX ix_items_inventory_status ON items (inventory_status, id);
CREATE INDEX ix_items_product_id ON items (product_id, inventory_status, id);
CREATE INDEX ix_items_reservation_expiry ON items (reservation_expiry)
    WHERE reservation_expiry IS NOT NULL;
CREATE INDEX ix_items_reserved_at ON items (reserved_at, id) WHERE reserved_at IS NOT NULL;
CREATE INDEX ix_items_reserved_for ON items (reserved_for_type, reserved_for_id, id)
    WHERE reserved_for_type IS NOT NULL;
-- 005: A list of one status by serial number.
CREATE INDEX ix_items_status_serial ON items (inventory_status, serial_key);
-- 002: What changed since the last check. A block range index costs a change of a unit next to
--      nothing.
CREATE INDEX ix_items_updated_at ON items
    USING brin (updated_at) WITH (pages_per_range='16', autosummarize='on');
CREATE UNIQUE INDEX uq_items_serial_key ON items (serial_key);

CREATE TRIGGER keep BEFORE DELETE OR TRUNCATE ON items
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- 001: Every unit, before its row is written: is the step allowed, is it explained, what is its
--      hash?
-- 013: As before, but for the serial number.
CREATE FUNCTION guard_item() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp SET "TimeZone" TO 'UTC' AS $$
DECLARE
    reason text;
    who uuid;
    happened_at timestamptz;
    ref_type text;
    ref_id text;
    status_before text;
    hash_before bytea := '\x';
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.serial_key := serial_key(NEW.serial_number);
    ELSE
        NEW.serial_key := CASE WHEN NEW.serial_number = OLD.serial_number THEN OLD.serial_key
            ELSE serial_key(NEW.serial_number) END;
        IF (NEW.id, NEW.product_id, NEW.created_at)
           IS DISTINCT FROM (OLD.id, OLD.product_id, OLD.created_at) THEN
            RAISE EXCEPTION 'unit %: id, product and creation time never change',
                OLD.serial_number USING ERRCODE = 'HF004';
        END IF;
        IF NEW.serial_number IS DISTINCT FROM OLD.serial_number THEN
            IF holdfast_setting('serial_reason') IS NULL THEN
                RAISE EXCEPTION 'unit %: a serial number changes only as a correction with a reason',
                    OLD.serial_number USING ERRCODE = 'HF004';
            END IF;
            IF OLD.history_length <> 1 OR OLD.inventory_status <> 'Available'
               OR NEW.inventory_status <> 'Available'
               OR EXISTS (SELECT FROM public.invoice_items l WHERE l.item_id = OLD.id) THEN
                RAISE EXCEPTION 'unit %: its serial number is final, for more has happened to it '
                    'than its receipt', OLD.serial_number USING ERRCODE = 'HF004';
            END IF;
        END IF;
        IF (NEW.history_length, NEW.history_hash, NEW.status_changed_at)
           IS DISTINCT FROM (OLD.history_length, OLD.history_hash, OLD.status_changed_at) THEN
            RAISE EXCEPTION 'unit %: the tail of its history is kept by the database',
                OLD.serial_number USING ERRCODE = 'HF004';
        END IF;
        NEW.version := OLD.version + 1;
        NEW.updated_at := clock_timestamp();
        IF NEW.inventory_status = OLD.inventory_status THEN
            IF (NEW.reserved_for_type, NEW.reserved_for_id, NEW.reserved_at, NEW.reserved_by)
               IS DISTINCT FROM
               (OLD.reserved_for_type, OLD.reserved_for_id, OLD.reserved_at, OLD.reserved_by) THEN
                RAISE EXCEPTION 'unit %: % to % is no transition; release it first',
                    OLD.serial_number, OLD.inventory_status, NEW.inventory_status
                    USING ERRCODE = 'HF002';
            END IF;
            RETURN NEW;
        END IF;
        status_before := OLD.inventory_status;
        hash_before := OLD.history_hash;
        ref_type := OLD.reserved_for_type;
        ref_id := OLD.reserved_for_id;
    END IF;

    reason := holdfast_setting('reason');
    who := holdfast_setting('user_id')::uuid;
    IF reason IS NULL OR who IS NULL THEN
        RAISE EXCEPTION 'unit %: % to % has no reason or no user', NEW.serial_number,
            coalesce(status_before, '(none)'), NEW.inventory_status
            USING ERRCODE = 'HF001',
            HINT = 'Go through the application, which says who and why.';
    END IF;
    IF status_before IS NULL THEN
        IF reason <> 'RECEIVED' OR NEW.inventory_status <> 'Available' THEN
            RAISE EXCEPTION 'unit %: a new unit is Available because it was RECEIVED, not % because of %',
                NEW.serial_number, NEW.inventory_status, reason USING ERRCODE = 'HF002';
        END IF;
    ELSIF NOT EXISTS (SELECT FROM public.inventory_transitions t
                      WHERE t.from_status = status_before AND t.to_status = NEW.inventory_status
                        AND t.change_reason = reason) THEN
        RAISE EXCEPTION 'unit %: % to % because of % is not an allowed transition',
            NEW.serial_number, status_before, NEW.inventory_status, reason USING ERRCODE = 'HF002';
    END IF;
    IF reason <> 'CORRECTION' AND NEW.status <> 'InStock'
       AND (NEW.inventory_status = 'Reserved' OR reason = 'DIRECT_SALE') THEN
        RAISE EXCEPTION 'unit %: it is % and only units InStock can be reserved',
            NEW.serial_number, NEW.status USING ERRCODE = 'HF002';
    END IF;

    NEW.status_changed_at := clock_timestamp();
    happened_at := coalesce(holdfast_setting('change_date')::timestamptz, NEW.status_changed_at);
    IF NEW.inventory_status = 'Reserved' THEN
        NEW.reserved_at := happened_at;
        NEW.reserved_by := who;
        ref_type := NEW.reserved_for_type;
        ref_id := NEW.reserved_for_id;
    ELSE
        NEW.reserved_at := NULL;
        NEW.reserved_by := NULL;
        NEW.reserved_for_type := NULL;
        NEW.reserved_for_id := NULL;
        NEW.reservation_expiry := NULL;
    END IF;
    IF NEW.inventory_status = 'Delivered' THEN
        NEW.status := 'WithCustomer';
    END IF;
    IF status_before IS NULL THEN
        NEW.version := 1;
        NEW.history_length := 1;
    ELSE
        NEW.history_length := OLD.history_length + 1;
    END IF;
    NEW.history_hash := history_row_hash(
        hash_before, NEW.id, NEW.history_length, status_before, NEW.inventory_status, reason,
        coalesce(holdfast_setting('reference_type'), ref_type),
        coalesce(holdfast_setting('reference_id'), ref_id),
        who, happened_at, NEW.status_changed_at,
        holdfast_setting('notes'), holdfast_setting('request_id'));
    RETURN NEW;
END $$;

-- 001: Triggers fire in the order of their names: this one sees what the others made of the row.
CREATE TRIGGER zz_guard_item BEFORE INSERT OR UPDATE ON items
    FOR EACH ROW EXECUTE FUNCTION guard_item();

CREATE FUNCTION guard_place() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.inventory_status <> OLD.inventory_status AND NOT EXISTS (
            SELECT FROM public.step_places s
            WHERE s.change_reason = holdfast_setting('reason') AND s.place = OLD.status) THEN
        RAISE EXCEPTION 'unit %: it is %, so it cannot become % because of %', NEW.serial_number,
            OLD.status, NEW.inventory_status, holdfast_setting('reason') USING ERRCODE = 'HF002';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.status = OLD.status THEN
        RETURN NEW;
    END IF;
    IF NOT EXISTS (SELECT FROM public.unit_places u
                   WHERE u.inventory_status = NEW.inventory_status AND u.place = NEW.status) THEN
        RAISE EXCEPTION 'unit %: what is % cannot be %', NEW.serial_number, NEW.inventory_status,
            NEW.status USING ERRCODE = 'HF002';
    END IF;
    RETURN NEW;
END $$;

-- 007: After zz_guard_item, which sets the place of what is delivered. The conditions let the
--      ordinary steps of units in stock pass without a call.
CREATE TRIGGER zzz_guard_place_on_insert BEFORE INSERT ON items
    FOR EACH ROW WHEN (new.status <> 'InStock') EXECUTE FUNCTION guard_place();

CREATE TRIGGER zzz_guard_place_on_update BEFORE UPDATE ON items
    FOR EACH ROW
        WHEN (new.inventory_status <> old.inventory_status AND old.status <> 'InStock'
            OR new.status <> old.status AND NOT (old.inventory_status = 'Sold'
            AND new.inventory_status = 'Delivered'))
        EXECUTE FUNCTION guard_place();

CREATE FUNCTION follow_serial_number() RETURNS trigger LANGUAGE plpgsql
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

CREATE TRIGGER follow_serial_number AFTER UPDATE OF serial_number ON items
    FOR EACH ROW WHEN (old.serial_number IS DISTINCT FROM new.serial_number)
        EXECUTE FUNCTION follow_serial_number();

CREATE FUNCTION write_serial_correction() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    who uuid := holdfast_setting('user_id')::uuid;
BEGIN
    PERFORM require_user(who);
    INSERT INTO public.serial_corrections
        (item_id, from_serial, to_serial, reason, corrected_by, request_id)
    VALUES (NEW.id, OLD.serial_number, NEW.serial_number, holdfast_setting('serial_reason'), who,
        holdfast_setting('request_id'));
    RETURN NULL;
END $$;

CREATE TRIGGER write_serial_correction AFTER UPDATE OF serial_number ON items
    FOR EACH ROW WHEN (old.serial_number IS DISTINCT FROM new.serial_number)
        EXECUTE FUNCTION write_serial_correction();

-- 001: The same act writes the history, for a statement's units together.
CREATE FUNCTION write_item_history_on_insert() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp SET "TimeZone" TO 'UTC' AS $$
DECLARE
    reason text := holdfast_setting('reason');
    who uuid := holdfast_setting('user_id')::uuid;
    happened_at timestamptz := holdfast_setting('change_date')::timestamptz;
BEGIN
    IF NOT EXISTS (SELECT FROM new_items) THEN RETURN NULL; END IF;
    PERFORM require_user(who);
    INSERT INTO public.inventory_status_history (item_id, seq, to_status, change_reason,
        reference_type, reference_id, changed_by, change_date, notes, request_id, created_at, hash)
    SELECT n.id, n.history_length, n.inventory_status, reason,
        holdfast_setting('reference_type'), holdfast_setting('reference_id'), who,
        coalesce(happened_at, n.status_changed_at), holdfast_setting('notes'),
        holdfast_setting('request_id'), n.status_changed_at, n.history_hash
    FROM new_items n;
    INSERT INTO public.item_search (item_id, product_id, serial_key, words)
    SELECT id, product_id, serial_key, search_text(serial_number) FROM new_items;
    INSERT INTO public.serial_pairs (pair, product_id)
    SELECT pair, product_id
    FROM (SELECT DISTINCT product_id, pair
        FROM (SELECT product_id, substr(words, generate_series(1, length(words)), 2) AS pair
            FROM (SELECT product_id, search_text(serial_number) AS words FROM new_items
                OFFSET 0) n) every
        ) given
    WHERE NOT EXISTS (SELECT FROM public.serial_pairs known
        WHERE known.pair = given.pair AND known.product_id = given.product_id);
    INSERT INTO public.stock_tallies (product_id, warehouse_id, inventory_status, quantity)
    SELECT product_id, warehouse_id, inventory_status, count(*) FROM new_items GROUP BY 1, 2, 3;
    INSERT INTO public.transition_tallies (minute, to_status, change_reason, quantity)
    SELECT date_trunc('minute', coalesce(happened_at, clock_timestamp())), inventory_status, reason,
        count(*)
    FROM new_items GROUP BY inventory_status;
    RETURN NULL;
END $$;

CREATE TRIGGER write_history_on_insert AFTER INSERT ON items
    REFERENCING NEW TABLE AS new_items FOR EACH STATEMENT
        EXECUTE FUNCTION write_item_history_on_insert();

-- 001: The plans in here are kept, whether made for one unit or for thousands. A full join (no unit
--      is without its other half) cannot be planned as a nested loop, which would be quadratic.
CREATE FUNCTION write_item_history_on_update() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp SET "TimeZone" TO 'UTC' AS $$
DECLARE
    reason text := holdfast_setting('reason');
    who uuid := holdfast_setting('user_id')::uuid;
    happened_at timestamptz := holdfast_setting('change_date')::timestamptz;
BEGIN
    INSERT INTO public.inventory_status_history (item_id, seq, from_status, to_status, change_reason,
        reference_type, reference_id, changed_by, change_date, notes, request_id, created_at, hash)
    SELECT n.id, n.history_length, o.inventory_status, n.inventory_status, reason,
        coalesce(holdfast_setting('reference_type'), n.reserved_for_type, o.reserved_for_type),
        coalesce(holdfast_setting('reference_id'), n.reserved_for_id, o.reserved_for_id),
        who, coalesce(happened_at, n.status_changed_at), holdfast_setting('notes'),
        holdfast_setting('request_id'), n.status_changed_at, n.history_hash
    FROM new_items n FULL JOIN old_items o ON o.id = n.id
    WHERE n.history_length IS DISTINCT FROM o.history_length;
    IF FOUND THEN
        PERFORM require_user(who);
        INSERT INTO public.transition_tallies (minute, from_status, to_status, change_reason, quantity)
        SELECT date_trunc('minute', coalesce(happened_at, clock_timestamp())),
            o.inventory_status, n.inventory_status, reason, count(*)
        FROM new_items n FULL JOIN old_items o ON o.id = n.id
        WHERE n.history_length IS DISTINCT FROM o.history_length
        GROUP BY o.inventory_status, n.inventory_status;
    END IF;
    INSERT INTO public.stock_tallies (product_id, warehouse_id, inventory_status, quantity)
    SELECT product_id, warehouse_id, inventory_status, sum(change) FROM (
        SELECT product_id, warehouse_id, inventory_status, 1 AS change FROM new_items
        UNION ALL SELECT product_id, warehouse_id, inventory_status, -1 FROM old_items) moves
    GROUP BY 1, 2, 3 HAVING sum(change) <> 0;
    RETURN NULL;
END $$;

CREATE TRIGGER write_history_on_update AFTER UPDATE ON items
    REFERENCING OLD TABLE AS old_items NEW TABLE AS new_items FOR EACH STATEMENT
        EXECUTE FUNCTION write_item_history_on_update();

ALTER TABLE items ENABLE ALWAYS TRIGGER keep, ENABLE ALWAYS TRIGGER zz_guard_item,
    ENABLE ALWAYS TRIGGER zzz_guard_place_on_insert,
    ENABLE ALWAYS TRIGGER zzz_guard_place_on_update, ENABLE ALWAYS TRIGGER follow_serial_number,
    ENABLE ALWAYS TRIGGER write_serial_correction, ENABLE ALWAYS TRIGGER write_history_on_insert,
    ENABLE ALWAYS TRIGGER write_history_on_update;


-- ===== invoices ==================================================================================

-- 008: The next number that no invoice has; the earlier shop may have numbers of its own making.
CREATE FUNCTION draw_invoice_number(invoice uuid) RETURNS text LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    drawn text;
BEGIN
    IF NOT EXISTS (SELECT FROM public.invoices WHERE id = invoice AND number IS NULL) THEN
        RETURN NULL;
    END IF;
    LOOP
        drawn := nextval('public.invoice_numbers');
        EXIT WHEN NOT EXISTS (SELECT FROM public.invoices WHERE number = drawn);
    END LOOP;
    UPDATE public.invoices SET number = drawn WHERE id = invoice;
    RETURN drawn;
END $$;

CREATE TABLE invoices (
    id uuid NOT NULL DEFAULT uuidv7(),
    number text COLLATE "C",
    customer_id uuid NOT NULL,
    status text NOT NULL DEFAULT 'Open',
    notes text,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    total numeric(14,2) NOT NULL DEFAULT 0,
    paid numeric(14,2) NOT NULL DEFAULT 0,
    is_live boolean NOT NULL GENERATED ALWAYS AS (status <> 'Cancelled') STORED,
    version integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    source_reference text,
    CONSTRAINT invoices_pkey PRIMARY KEY (id),
    CONSTRAINT uq_invoices_id UNIQUE (id, is_live),
    CONSTRAINT uq_invoices_number UNIQUE (number),
    CONSTRAINT uq_invoices_source_reference UNIQUE (source_reference),
    CONSTRAINT ck_invoices_created_at_range
        CHECK (created_at >= '1969-12-31 00:00:00+00' AND created_at <= '2101-01-02 00:00:00+00'),
    CONSTRAINT ck_invoices_paid CHECK (paid >= 0 AND paid <= total),
    CONSTRAINT ck_invoices_settled
        CHECK ((status <> ALL (ARRAY['Paid', 'Delivered'])) OR paid = total),
    CONSTRAINT ck_invoices_status
        CHECK (status IN ('Open', 'PartiallyPaid', 'Paid', 'Delivered', 'Cancelled')),
    CONSTRAINT fk_invoices_created_by FOREIGN KEY (created_by) REFERENCES users(id),
    CONSTRAINT fk_invoices_customer_id FOREIGN KEY (customer_id) REFERENCES customers(id)
);

CREATE INDEX ix_invoices_customer_id ON invoices (customer_id, id);
CREATE INDEX ix_invoices_status ON invoices (status, id);
CREATE INDEX ix_invoices_updated_at ON invoices
    USING brin (updated_at) WITH (pages_per_range='16', autosummarize='on');

CREATE TRIGGER keep BEFORE DELETE OR TRUNCATE ON invoices
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- 001: Invoices: their statuses, and sums that are kept by the lines and payments themselves.
-- 008: As before, but that a new invoice's number comes later: once, and never another one.
CREATE FUNCTION guard_invoice() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp SET "TimeZone" TO 'UTC' AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'Open' OR NEW.total <> 0 OR NEW.paid <> 0 THEN
            RAISE EXCEPTION 'invoice %: a new invoice is Open and empty', NEW.id
                USING ERRCODE = 'HF002';
        END IF;
        NEW.version := 1;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.customer_id) IS DISTINCT FROM (OLD.id, OLD.customer_id)
       OR (OLD.number IS NOT NULL AND NEW.number IS DISTINCT FROM OLD.number) THEN
        RAISE EXCEPTION 'invoice %: id, number and customer never change',
            coalesce(OLD.number, OLD.id::text) USING ERRCODE = 'HF004';
    END IF;
    IF NEW.status <> OLD.status AND NOT EXISTS (
            SELECT FROM public.invoice_transitions t
            WHERE t.from_status = OLD.status AND t.to_status = NEW.status) THEN
        RAISE EXCEPTION 'invoice %: % to % is not an allowed transition',
            coalesce(OLD.number, OLD.id::text), OLD.status, NEW.status USING ERRCODE = 'HF002';
    END IF;
    -- Nobody has seen an invoice without its number, so that is no new version of it.
    IF OLD.number IS NOT DISTINCT FROM NEW.number THEN
        NEW.version := OLD.version + 1;
        NEW.updated_at := clock_timestamp();
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER zz_guard_invoice BEFORE INSERT OR UPDATE ON invoices
    FOR EACH ROW EXECUTE FUNCTION guard_invoice();

CREATE FUNCTION write_invoice_history() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp SET "TimeZone" TO 'UTC' AS $$
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

CREATE TRIGGER write_history_on_insert AFTER INSERT ON invoices
    FOR EACH ROW EXECUTE FUNCTION write_invoice_history();

CREATE TRIGGER write_history_on_update AFTER UPDATE ON invoices
    FOR EACH ROW WHEN (old.status IS DISTINCT FROM new.status)
        EXECUTE FUNCTION write_invoice_history();

-- 001: Sums written by hand are checked at the end of the transaction, under the invoice's lock.
CREATE FUNCTION check_invoice_sums() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    invoice public.invoices;
BEGIN
    SELECT * INTO invoice FROM public.invoices WHERE id = NEW.id FOR NO KEY UPDATE;
    IF invoice.total <> coalesce((SELECT sum(unit_price) FROM public.invoice_items
                                  WHERE invoice_id = NEW.id), 0)
       OR invoice.paid <> coalesce((SELECT sum(amount) FROM public.payments
                                    WHERE invoice_id = NEW.id), 0) THEN
        RAISE EXCEPTION 'invoice %: total % and paid % are not the sums of its lines and payments',
            invoice.number, invoice.total, invoice.paid USING ERRCODE = 'HF005';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER check_sums AFTER UPDATE OF total, paid ON invoices
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (pg_trigger_depth() = 0)
        EXECUTE FUNCTION check_invoice_sums();

-- 008: Who has not asked for a number gets one from the commit: no invoice is ever without.
CREATE FUNCTION give_invoice_number() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM draw_invoice_number(NEW.id);
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER give_number AFTER INSERT ON invoices
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (new.number IS NULL)
        EXECUTE FUNCTION give_invoice_number();

ALTER TABLE invoices ENABLE ALWAYS TRIGGER keep, ENABLE ALWAYS TRIGGER zz_guard_invoice,
    ENABLE ALWAYS TRIGGER write_history_on_insert, ENABLE ALWAYS TRIGGER write_history_on_update,
    ENABLE ALWAYS TRIGGER check_sums, ENABLE ALWAYS TRIGGER give_number;


-- ===== invoice_items =============================================================================

CREATE TABLE invoice_items (
    id uuid NOT NULL DEFAULT uuidv7(),
    invoice_id uuid NOT NULL,
    item_id uuid NOT NULL,
    unit_price numeric(14,2) NOT NULL,
    live boolean NOT NULL DEFAULT true,
    CONSTRAINT invoice_items_pkey PRIMARY KEY (id),
    CONSTRAINT uq_invoice_items_invoice_id UNIQUE (invoice_id, item_id),
    CONSTRAINT ck_invoice_items_unit_price CHECK (unit_price >= 0),
    CONSTRAINT ck_invoice_items_unit_price_number CHECK (unit_price <> 'NaN'),
    CONSTRAINT fk_invoice_items_item_id FOREIGN KEY (item_id) REFERENCES items(id),
    CONSTRAINT fk_invoice_items_live FOREIGN KEY (invoice_id, live)
        REFERENCES invoices(id, is_live) ON UPDATE CASCADE
);

CREATE INDEX ix_invoice_items_item_id ON invoice_items (item_id);
CREATE UNIQUE INDEX uq_invoice_items_live_item ON invoice_items (item_id) WHERE live;

CREATE TRIGGER keep BEFORE TRUNCATE ON invoice_items
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- 002: A line stays what it is, but an admin's correction may put another unit of the same product
--      in the place of one that is missing or sold twice; price, sums and invoice stay.
CREATE FUNCTION refuse_line_change() RETURNS trigger LANGUAGE plpgsql
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

CREATE TRIGGER keep_line BEFORE UPDATE ON invoice_items
    FOR EACH ROW
        WHEN (old.id IS DISTINCT FROM new.id OR old.invoice_id IS DISTINCT FROM new.invoice_id
            OR old.item_id IS DISTINCT FROM new.item_id
            OR old.unit_price IS DISTINCT FROM new.unit_price)
        EXECUTE FUNCTION refuse_line_change();

CREATE FUNCTION add_lines() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM add_to_invoice(invoice_id, sum(unit_price), 0) FROM new_lines
    GROUP BY invoice_id ORDER BY invoice_id;
    RETURN NULL;
END $$;

CREATE TRIGGER add_to_total AFTER INSERT ON invoice_items
    REFERENCING NEW TABLE AS new_lines FOR EACH STATEMENT EXECUTE FUNCTION add_lines();

CREATE FUNCTION remove_lines() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM add_to_invoice(invoice_id, -sum(unit_price), 0) FROM old_lines
    GROUP BY invoice_id ORDER BY invoice_id;
    RETURN NULL;
END $$;

CREATE TRIGGER take_from_total AFTER DELETE ON invoice_items
    REFERENCING OLD TABLE AS old_lines FOR EACH STATEMENT EXECUTE FUNCTION remove_lines();

ALTER TABLE invoice_items ENABLE ALWAYS TRIGGER keep, ENABLE ALWAYS TRIGGER keep_line,
    ENABLE ALWAYS TRIGGER add_to_total, ENABLE ALWAYS TRIGGER take_from_total;


-- ===== payments ==================================================================================

CREATE TABLE payments (
    id uuid NOT NULL DEFAULT uuidv7(),
    invoice_id uuid NOT NULL,
    amount numeric(14,2) NOT NULL,
    method text NOT NULL,
    reference text,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT payments_pkey PRIMARY KEY (id),
    CONSTRAINT ck_payments_amount CHECK (amount > 0),
    CONSTRAINT ck_payments_amount_number CHECK (amount <> 'NaN'),
    CONSTRAINT ck_payments_created_at_range
        CHECK (created_at >= '1969-12-31 00:00:00+00' AND created_at <= '2101-01-02 00:00:00+00'),
    CONSTRAINT ck_payments_method CHECK (method IN ('Cash', 'Card', 'Transfer', 'Other')),
    CONSTRAINT ck_payments_received_at_range
        CHECK (received_at >= '1969-12-31 00:00:00+00' AND received_at <= '2101-01-02 00:00:00+00'),
    CONSTRAINT fk_payments_created_by FOREIGN KEY (created_by) REFERENCES users(id),
    CONSTRAINT fk_payments_invoice_id FOREIGN KEY (invoice_id) REFERENCES invoices(id)
);

CREATE INDEX ix_payments_invoice_id ON payments (invoice_id);
CREATE INDEX ix_payments_received_at ON payments (received_at);

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION add_payments() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM add_to_invoice(invoice_id, 0, sum(amount)) FROM new_payments
    GROUP BY invoice_id ORDER BY invoice_id;
    RETURN NULL;
END $$;

CREATE TRIGGER add_to_paid AFTER INSERT ON payments
    REFERENCING NEW TABLE AS new_payments FOR EACH STATEMENT EXECUTE FUNCTION add_payments();

ALTER TABLE payments ENABLE ALWAYS TRIGGER append_only, ENABLE ALWAYS TRIGGER add_to_paid;


-- ===== inventory_transitions =====================================================================

CREATE TABLE inventory_transitions (
    from_status text NOT NULL,
    to_status text NOT NULL,
    change_reason text NOT NULL,
    CONSTRAINT pk_inventory_transitions PRIMARY KEY (from_status, to_status, change_reason)
);

INSERT INTO inventory_transitions VALUES
    ('Available', 'Reserved', 'CORRECTION'),
    ('Available', 'Reserved', 'INVOICE_CREATED'),
    ('Available', 'Reserved', 'MANUAL_HOLD'),
    ('Available', 'Reserved', 'SESSION_HOLD'),
    ('Available', 'Sold', 'CORRECTION'),
    ('Available', 'Sold', 'DIRECT_SALE'),
    ('Reserved', 'Available', 'CORRECTION'),
    ('Reserved', 'Available', 'HOLD_RELEASED'),
    ('Reserved', 'Available', 'INVOICE_CANCELLED'),
    ('Reserved', 'Available', 'RESERVATION_EXPIRED'),
    ('Reserved', 'Sold', 'CORRECTION'),
    ('Reserved', 'Sold', 'INVOICE_PAID'),
    ('Sold', 'Available', 'CORRECTION'),
    ('Sold', 'Delivered', 'CORRECTION'),
    ('Sold', 'Delivered', 'INVOICE_DELIVERED');

CREATE TRIGGER append_only BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON inventory_transitions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE inventory_transitions ENABLE ALWAYS TRIGGER append_only;


-- ===== invoice_transitions =======================================================================

CREATE TABLE invoice_transitions (
    from_status text NOT NULL,
    to_status text NOT NULL,
    CONSTRAINT pk_invoice_transitions PRIMARY KEY (from_status, to_status)
);

INSERT INTO invoice_transitions VALUES
    ('Open', 'Cancelled'),
    ('Open', 'Paid'),
    ('Open', 'PartiallyPaid'),
    ('Paid', 'Delivered'),
    ('PartiallyPaid', 'Cancelled'),
    ('PartiallyPaid', 'Paid');

CREATE TRIGGER append_only BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON invoice_transitions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE invoice_transitions ENABLE ALWAYS TRIGGER append_only;


-- ===== inventory_status_history ==================================================================

CREATE TABLE inventory_status_history (
    id uuid NOT NULL DEFAULT uuidv7(),
    item_id uuid NOT NULL,
    seq integer NOT NULL,
    from_status text,
    to_status text NOT NULL,
    change_reason text NOT NULL,
    reference_type text,
    reference_id text,
    changed_by uuid NOT NULL,
    change_date timestamptz NOT NULL,
    notes text,
    request_id text,
    created_at timestamptz NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT pk_inventory_status_history PRIMARY KEY (id),
    CONSTRAINT uq_inventory_status_history_item_id UNIQUE (item_id, seq),
    CONSTRAINT ck_inventory_status_history_change_date_range
        CHECK (change_date >= '1969-12-31 00:00:00+00' AND change_date <= '2101-01-02 00:00:00+00'),
    -- 001: The foreign key passes over rows without a from_status, so these are said here.
    CONSTRAINT ck_inventory_status_history_first
        CHECK (from_status IS NOT NULL AND seq > 1 OR from_status IS NULL AND seq = 1
            AND (change_reason = 'RECEIVED' AND to_status = 'Available'
            OR change_reason = 'MIGRATED')),
    CONSTRAINT ck_inventory_status_history_notes CHECK (notes <> ''),
    CONSTRAINT ck_inventory_status_history_past CHECK (change_date <= created_at),
    CONSTRAINT ck_inventory_status_history_reference_id
        CHECK (reference_id <> '' AND strpos(reference_id, E'\x1f') = 0),
    CONSTRAINT fk_inventory_status_history_transition
        FOREIGN KEY (from_status, to_status, change_reason)
        REFERENCES inventory_transitions(from_status, to_status, change_reason)
);

CREATE INDEX ix_inventory_status_history_change_date ON inventory_status_history
    USING brin (change_date);
CREATE INDEX ix_inventory_status_history_reference ON inventory_status_history (reference_id, id)
    WHERE reference_id IS NOT NULL;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON inventory_status_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- 001: A row of history is true only where its unit ends with just that row.
CREATE FUNCTION guard_history_insert() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- OFFSET 0 keeps it a look-up by id, whatever number of rows the kept plan was made for.
    IF EXISTS (SELECT FROM new_rows h WHERE NOT EXISTS (
            SELECT FROM public.items i WHERE i.id = h.item_id AND i.history_length = h.seq
            AND i.history_hash = h.hash AND i.inventory_status = h.to_status OFFSET 0)) THEN
        RAISE EXCEPTION 'history is written by changing a unit''s status, never by itself'
            USING ERRCODE = 'HF003';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER guard_insert AFTER INSERT ON inventory_status_history
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION guard_history_insert();

ALTER TABLE inventory_status_history ENABLE ALWAYS TRIGGER append_only,
    ENABLE ALWAYS TRIGGER guard_insert;


-- ===== invoice_status_history ====================================================================

CREATE TABLE invoice_status_history (
    id uuid NOT NULL DEFAULT uuidv7(),
    invoice_id uuid NOT NULL,
    from_status text,
    to_status text NOT NULL,
    changed_by uuid NOT NULL,
    change_date timestamptz NOT NULL,
    notes text,
    request_id text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT pk_invoice_status_history PRIMARY KEY (id),
    CONSTRAINT ck_invoice_status_history_change_date_range
        CHECK (change_date >= '1969-12-31 00:00:00+00' AND change_date <= '2101-01-02 00:00:00+00')
);

-- 003: The daily report asks for one day.
CREATE INDEX ix_invoice_status_history_change_date ON invoice_status_history (change_date);
CREATE INDEX ix_invoice_status_history_invoice_id ON invoice_status_history (invoice_id, id);

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON invoice_status_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION guard_invoice_history_insert() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'history is written by changing an invoice''s status, never by itself'
            USING ERRCODE = 'HF003';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER guard_insert BEFORE INSERT ON invoice_status_history
    FOR EACH STATEMENT EXECUTE FUNCTION guard_invoice_history_insert();

ALTER TABLE invoice_status_history ENABLE ALWAYS TRIGGER append_only,
    ENABLE ALWAYS TRIGGER guard_insert;


-- ===== item_search ===============================================================================

-- 001: Serial numbers never change, statuses do: keeping the trigram index off the items' own rows
--      saves rewriting some twenty index entries at every change of status.
CREATE TABLE item_search (
    item_id uuid NOT NULL,
    product_id uuid NOT NULL,
    serial_key text COLLATE "C" NOT NULL,
    words text COLLATE "C" NOT NULL,
    CONSTRAINT pk_item_search PRIMARY KEY (item_id)
);

CREATE INDEX ix_item_search_product_id ON item_search (product_id, serial_key);
CREATE INDEX ix_item_search_words ON item_search USING gin (words gin_trgm_ops);


-- ===== stock_tallies =============================================================================

-- 001: Maintained totals, as rows that add up. Writers only ever append, so no two clerks meet
--      here; the cleanup job folds them together.
CREATE TABLE stock_tallies (
    product_id uuid NOT NULL,
    warehouse_id uuid NOT NULL,
    inventory_status text NOT NULL,
    quantity bigint NOT NULL
);

CREATE INDEX ix_stock_tallies_product_id ON stock_tallies (product_id);


-- ===== transition_tallies ========================================================================

CREATE TABLE transition_tallies (
    minute timestamptz NOT NULL,
    from_status text,
    to_status text NOT NULL,
    change_reason text NOT NULL,
    quantity bigint NOT NULL
);

CREATE INDEX ix_transition_tallies_minute ON transition_tallies (minute);


-- ===== inconsistencies ===========================================================================

CREATE TABLE inconsistencies (
    id uuid NOT NULL DEFAULT uuidv7(),
    kind text NOT NULL,
    severity text NOT NULL,
    item_id uuid,
    invoice_id uuid,
    expected text,
    actual text,
    explanation text NOT NULL,
    suggested_fix text,
    evidence jsonb NOT NULL DEFAULT '{}',
    detected_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    acknowledged_at timestamptz,
    acknowledged_by uuid,
    acknowledgement text,
    snoozed_until timestamptz,
    resolved_at timestamptz,
    resolution text,
    resolved_by uuid,
    reopened_at timestamptz,
    times_reopened integer NOT NULL DEFAULT 0,
    -- 002: History up to this row is known to be broken and was accepted so; it cannot be mended.
    settled_through integer,
    CONSTRAINT pk_inconsistencies PRIMARY KEY (id),
    CONSTRAINT ck_inconsistencies_snoozed_until_range
        CHECK (snoozed_until >= '1969-12-31 00:00:00+00'
            AND snoozed_until <= '2101-01-02 00:00:00+00')
);

CREATE INDEX ix_inconsistencies_invoice_id ON inconsistencies (invoice_id);
CREATE INDEX ix_inconsistencies_item_id ON inconsistencies (item_id);
CREATE INDEX ix_inconsistencies_open ON inconsistencies (kind, id) WHERE resolved_at IS NULL;
CREATE INDEX ix_inconsistencies_resolved_at ON inconsistencies (resolved_at, id)
    WHERE resolved_at IS NOT NULL;
CREATE INDEX ix_inconsistencies_settled ON inconsistencies (item_id, settled_through)
    WHERE settled_through IS NOT NULL;
CREATE UNIQUE INDEX uq_inconsistencies_open ON inconsistencies (kind, item_id,
    invoice_id) NULLS NOT DISTINCT
    WHERE resolved_at IS NULL;


-- ===== job_runs ==================================================================================

CREATE TABLE job_runs (
    id uuid NOT NULL DEFAULT uuidv7(),
    job text NOT NULL,
    slot timestamptz NOT NULL,
    status text NOT NULL,
    started_at timestamptz DEFAULT clock_timestamp(),
    finished_at timestamptz,
    started_by uuid,
    result jsonb,
    error text,
    origin text NOT NULL DEFAULT 'timetable',
    queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts integer NOT NULL DEFAULT 0,
    progress text,
    request_id text,
    CONSTRAINT pk_job_runs PRIMARY KEY (id),
    CONSTRAINT uq_job_runs_job UNIQUE (job, slot),
    CONSTRAINT ck_job_runs_origin CHECK (origin IN ('timetable', 'request', 'direct')),
    CONSTRAINT ck_job_runs_started CHECK (status = 'queued' OR started_at IS NOT NULL),
    CONSTRAINT ck_job_runs_status
        CHECK (status IN ('queued', 'running', 'abandoned', 'succeeded', 'failed'))
);

CREATE INDEX ix_job_runs_unfinished ON job_runs (job) WHERE finished_at IS NULL;
-- 003: A person's wish is one run, however often the button is pressed.
CREATE UNIQUE INDEX uq_job_runs_request ON job_runs (job)
    WHERE origin = 'request' AND status = 'queued';


-- ===== daily_reports =============================================================================

CREATE TABLE daily_reports (
    day date NOT NULL,
    figures jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT pk_daily_reports PRIMARY KEY (day)
);


-- ===== api_tokens ================================================================================

CREATE TABLE api_tokens (
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid NOT NULL,
    name text NOT NULL,
    token_hash bytea NOT NULL,
    hint text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    CONSTRAINT pk_api_tokens PRIMARY KEY (id),
    CONSTRAINT uq_api_tokens_token_hash UNIQUE (token_hash),
    CONSTRAINT ck_api_tokens_expires_at_range
        CHECK (expires_at >= '1969-12-31 00:00:00+00' AND expires_at <= '2101-01-02 00:00:00+00'),
    CONSTRAINT fk_api_tokens_user_id FOREIGN KEY (user_id) REFERENCES users(id)
);

CREATE INDEX ix_api_tokens_user_id ON api_tokens (user_id);


-- ===== idempotency_keys ==========================================================================

CREATE TABLE idempotency_keys (
    user_id uuid NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    status_code integer,
    headers jsonb,
    body text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (user_id, key)
);

CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);


-- ===== outbox ====================================================================================

CREATE TABLE outbox (
    id uuid NOT NULL DEFAULT uuidv7(),
    topic text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    delivered_at timestamptz,
    error text,
    delivered_to text[] NOT NULL DEFAULT '{}',
    key text,
    CONSTRAINT pk_outbox PRIMARY KEY (id),
    CONSTRAINT uq_outbox_key UNIQUE (key)
);

CREATE INDEX ix_outbox_due ON outbox (next_attempt_at) WHERE delivered_at IS NULL;


-- ===== inconsistency_steps =======================================================================

CREATE TABLE inconsistency_steps (
    id uuid NOT NULL DEFAULT uuidv7(),
    inconsistency_id uuid NOT NULL,
    step text NOT NULL,
    taken_by uuid NOT NULL,
    note text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT pk_inconsistency_steps PRIMARY KEY (id),
    CONSTRAINT ck_inconsistency_steps_step
        CHECK (step IN ('acknowledged', 'snoozed', 'resolved', 'reopened')),
    CONSTRAINT fk_inconsistency_steps_inconsistency_id FOREIGN KEY (inconsistency_id)
        REFERENCES inconsistencies(id)
);

CREATE INDEX ix_inconsistency_steps_inconsistency_id ON inconsistency_steps (inconsistency_id, id);


-- ===== consistency_checks ========================================================================

CREATE TABLE consistency_checks (
    id uuid NOT NULL DEFAULT uuidv7(),
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    is_full boolean NOT NULL,
    result jsonb NOT NULL,
    CONSTRAINT pk_consistency_checks PRIMARY KEY (id)
);

CREATE INDEX ix_consistency_checks_started_at ON consistency_checks (started_at);


-- ===== invoice_tallies ===========================================================================

-- 005: Invoices per status, as rows that add up: writers only ever append, the cleanup job folds.
CREATE TABLE invoice_tallies (
    status text NOT NULL,
    quantity bigint NOT NULL
);


-- ===== step_places ===============================================================================

CREATE TABLE step_places (
    change_reason text NOT NULL,
    place text NOT NULL,
    CONSTRAINT pk_step_places PRIMARY KEY (change_reason, place)
);

INSERT INTO step_places VALUES
    ('CORRECTION', 'InRepair'),
    ('CORRECTION', 'InStock'),
    ('CORRECTION', 'InTransit'),
    ('CORRECTION', 'Missing'),
    ('CORRECTION', 'WithCustomer'),
    ('DIRECT_SALE', 'InStock'),
    ('HOLD_RELEASED', 'InRepair'),
    ('HOLD_RELEASED', 'InStock'),
    ('HOLD_RELEASED', 'InTransit'),
    ('HOLD_RELEASED', 'Missing'),
    ('HOLD_RELEASED', 'WithCustomer'),
    ('INVOICE_CANCELLED', 'InRepair'),
    ('INVOICE_CANCELLED', 'InStock'),
    ('INVOICE_CANCELLED', 'InTransit'),
    ('INVOICE_CANCELLED', 'Missing'),
    ('INVOICE_CANCELLED', 'WithCustomer'),
    ('INVOICE_CREATED', 'InStock'),
    ('INVOICE_DELIVERED', 'InRepair'),
    ('INVOICE_DELIVERED', 'InStock'),
    ('INVOICE_DELIVERED', 'InTransit'),
    ('INVOICE_DELIVERED', 'WithCustomer'),
    ('INVOICE_PAID', 'InRepair'),
    ('INVOICE_PAID', 'InStock'),
    ('INVOICE_PAID', 'InTransit'),
    ('MANUAL_HOLD', 'InStock'),
    ('MIGRATED', 'InRepair'),
    ('MIGRATED', 'InStock'),
    ('MIGRATED', 'InTransit'),
    ('MIGRATED', 'Missing'),
    ('MIGRATED', 'WithCustomer'),
    ('RECEIVED', 'InRepair'),
    ('RECEIVED', 'InStock'),
    ('RECEIVED', 'InTransit'),
    ('RECEIVED', 'Missing'),
    ('RESERVATION_EXPIRED', 'InRepair'),
    ('RESERVATION_EXPIRED', 'InStock'),
    ('RESERVATION_EXPIRED', 'InTransit'),
    ('RESERVATION_EXPIRED', 'Missing'),
    ('RESERVATION_EXPIRED', 'WithCustomer'),
    ('SESSION_HOLD', 'InStock');

CREATE TRIGGER append_only BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON step_places
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE step_places ENABLE ALWAYS TRIGGER append_only;


-- ===== unit_places ===============================================================================

CREATE TABLE unit_places (
    inventory_status text NOT NULL,
    place text NOT NULL,
    CONSTRAINT pk_unit_places PRIMARY KEY (inventory_status, place)
);

INSERT INTO unit_places VALUES
    ('Available', 'InRepair'),
    ('Available', 'InStock'),
    ('Available', 'InTransit'),
    ('Available', 'Missing'),
    ('Delivered', 'InRepair'),
    ('Delivered', 'InTransit'),
    ('Delivered', 'WithCustomer'),
    ('Reserved', 'InRepair'),
    ('Reserved', 'InStock'),
    ('Reserved', 'InTransit'),
    ('Reserved', 'Missing'),
    ('Sold', 'InRepair'),
    ('Sold', 'InStock'),
    ('Sold', 'InTransit');

CREATE TRIGGER append_only BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON unit_places
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE unit_places ENABLE ALWAYS TRIGGER append_only;


-- ===== void_invoice_numbers ======================================================================

CREATE TABLE void_invoice_numbers (
    number bigint NOT NULL,
    -- 008: When its neighbours were made, as far as that is known.
    drawn_after timestamptz,
    drawn_before timestamptz,
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT pk_void_invoice_numbers PRIMARY KEY (number)
);


-- ===== invoice_number_watch ======================================================================

-- 008: One row: each number up to looked_through is an invoice's or in void_invoice_numbers.
--      Numbers up to seen_through had been drawn when every transaction from seen_before on had not
--      begun.
CREATE TABLE invoice_number_watch (
    is_only boolean NOT NULL DEFAULT true,
    looked_through bigint NOT NULL,
    seen_through bigint NOT NULL,
    seen_before xid8 NOT NULL,
    CONSTRAINT pk_invoice_number_watch PRIMARY KEY (is_only),
    CONSTRAINT ck_invoice_number_watch_is_only CHECK (is_only)
);


-- ===== carts =====================================================================================

-- 010: Carts. Which units a cart holds stays with the units (items.reserved_for_id); a cart says
--      whose it is, at which prices, and what was typed for its customer.
CREATE TABLE carts (
    id uuid NOT NULL DEFAULT uuidv7(),
    -- 010: The API's sessionId.
    session_id text COLLATE "C" NOT NULL,
    user_id uuid NOT NULL,
    -- 010: False for a cart that exists because an API client used its sessionId.
    on_page boolean NOT NULL DEFAULT false,
    status text NOT NULL DEFAULT 'open',
    customer_id uuid,
    customer_name text NOT NULL DEFAULT '',
    customer_email text NOT NULL DEFAULT '',
    customer_tier text NOT NULL DEFAULT 'standard',
    notes text NOT NULL DEFAULT '',
    -- 010: The browser tab that saved the customer last.
    customer_tab text NOT NULL DEFAULT '',
    -- 010: What lapsed up to this row of inventory_status_history was left out.
    lapsed_after uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    invoice_id uuid,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    put_aside_at timestamptz,
    closed_at timestamptz,
    CONSTRAINT pk_carts PRIMARY KEY (id),
    CONSTRAINT uq_carts_session_id UNIQUE (session_id),
    CONSTRAINT ck_carts_closed CHECK ((status = 'closed') = (closed_at IS NOT NULL)),
    CONSTRAINT ck_carts_invoice CHECK (invoice_id IS NULL OR status = 'closed'),
    CONSTRAINT ck_carts_put_aside CHECK ((status = 'aside') = (put_aside_at IS NOT NULL)),
    CONSTRAINT ck_carts_session_id CHECK (session_id <> '' AND strpos(session_id, E'\x1f') = 0),
    CONSTRAINT ck_carts_status CHECK (status IN ('open', 'aside', 'closed')),
    CONSTRAINT fk_carts_customer_id FOREIGN KEY (customer_id) REFERENCES customers(id),
    CONSTRAINT fk_carts_invoice_id FOREIGN KEY (invoice_id) REFERENCES invoices(id),
    CONSTRAINT fk_carts_user_id FOREIGN KEY (user_id) REFERENCES users(id)
);

CREATE INDEX ix_carts_put_aside ON carts (user_id, put_aside_at) WHERE status = 'aside';
CREATE UNIQUE INDEX uq_carts_open ON carts (user_id) WHERE on_page AND status = 'open';


-- ===== cart_lines ================================================================================

CREATE TABLE cart_lines (
    cart_id uuid NOT NULL,
    product_id uuid NOT NULL,
    -- 010: Where it differs from the product's list price.
    unit_price numeric(14,2),
    -- 010: What was typed as a price and is none, until something else is typed.
    refused_price text,
    -- 010: The browser tab that set the price.
    tab text NOT NULL DEFAULT '',
    CONSTRAINT pk_cart_lines PRIMARY KEY (cart_id, product_id),
    CONSTRAINT ck_cart_lines_priced CHECK (num_nonnulls(unit_price, refused_price) >= 1),
    CONSTRAINT ck_cart_lines_refused_price
        CHECK (refused_price <> '' AND length(refused_price) <= 100),
    CONSTRAINT ck_cart_lines_unit_price CHECK (unit_price >= 0),
    CONSTRAINT ck_cart_lines_unit_price_number CHECK (unit_price <> 'NaN'),
    CONSTRAINT fk_cart_lines_cart_id FOREIGN KEY (cart_id) REFERENCES carts(id),
    CONSTRAINT fk_cart_lines_product_id FOREIGN KEY (product_id) REFERENCES products(id)
);


-- ===== serial_corrections ========================================================================

CREATE TABLE serial_corrections (
    id uuid NOT NULL DEFAULT uuidv7(),
    item_id uuid NOT NULL,
    from_serial text COLLATE "C" NOT NULL,
    to_serial text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    corrected_by uuid NOT NULL,
    request_id text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT pk_serial_corrections PRIMARY KEY (id),
    CONSTRAINT ck_serial_corrections_reason CHECK (reason <> ''),
    CONSTRAINT fk_serial_corrections_item_id FOREIGN KEY (item_id) REFERENCES items(id)
);

CREATE INDEX ix_serial_corrections_item_id ON serial_corrections (item_id, id);

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON serial_corrections
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION guard_serial_correction() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'a correction is written by changing the serial number, never by itself'
            USING ERRCODE = 'HF003';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER guard_insert BEFORE INSERT ON serial_corrections
    FOR EACH STATEMENT EXECUTE FUNCTION guard_serial_correction();

ALTER TABLE serial_corrections ENABLE ALWAYS TRIGGER append_only,
    ENABLE ALWAYS TRIGGER guard_insert;


-- ===== serial_pairs ==============================================================================

-- 015: A pair is two characters, or the last one. A concurrent statement may add the same pair
--      again, which does no harm; a unique index would let one clerk wait for another's
--      transaction.
CREATE TABLE serial_pairs (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    pair text COLLATE "C" NOT NULL,
    product_id uuid NOT NULL,
    CONSTRAINT pk_serial_pairs PRIMARY KEY (id),
    CONSTRAINT fk_serial_pairs_product_id FOREIGN KEY (product_id) REFERENCES products(id)
);

CREATE INDEX ix_serial_pairs_pair ON serial_pairs (pair, product_id);
