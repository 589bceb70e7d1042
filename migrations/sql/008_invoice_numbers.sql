-- An invoice gets its number when nothing about it can be refused any more, so that no refusal uses
-- one up. What a crash used up is listed as void.

-- Waits for every transaction that has drawn a number, and lets nobody draw one meanwhile.
LOCK TABLE invoices IN ACCESS EXCLUSIVE MODE;
ALTER TABLE invoices ALTER COLUMN number DROP DEFAULT, ALTER COLUMN number DROP NOT NULL;

-- As before, but that a new invoice's number comes later: once, and never another one.
CREATE OR REPLACE FUNCTION guard_invoice() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
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

-- The next number that no invoice has; the earlier shop may have numbers of its own making.
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

-- The last act of a transaction that makes an invoice and must tell its number. What else would be
-- checked by the commit is checked before.
CREATE FUNCTION number_invoice(invoice uuid) RETURNS text LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    SET CONSTRAINTS check_sums IMMEDIATE;
    RETURN draw_invoice_number(invoice);
END $$;

-- Who has not asked for a number gets one from the commit: no invoice is ever without.
CREATE FUNCTION give_invoice_number() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM draw_invoice_number(NEW.id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER give_number AFTER INSERT ON invoices
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.number IS NULL) EXECUTE FUNCTION give_invoice_number();
ALTER TABLE invoices ENABLE ALWAYS TRIGGER give_number;

CREATE TABLE void_invoice_numbers (
    number bigint CONSTRAINT pk_void_invoice_numbers PRIMARY KEY,
    -- When its neighbours were made, as far as that is known.
    drawn_after timestamptz,
    drawn_before timestamptz,
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- One row: each number up to looked_through is an invoice's or in void_invoice_numbers. Numbers up
-- to seen_through had been drawn when every transaction from seen_before on had not begun.
CREATE TABLE invoice_number_watch (
    is_only boolean CONSTRAINT pk_invoice_number_watch PRIMARY KEY DEFAULT true
        CONSTRAINT ck_invoice_number_watch_is_only CHECK (is_only),
    looked_through bigint NOT NULL,
    seen_through bigint NOT NULL,
    seen_before xid8 NOT NULL
);

-- Numbers from `low` to `high` that no invoice has.
CREATE FUNCTION missing_invoice_numbers(low bigint, high bigint)
RETURNS TABLE (number bigint, drawn_after timestamptz, drawn_before timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT n, made_before, made_after FROM (
        SELECT n, v.id,
            max(uuid_extract_timestamp(v.id)) OVER (ORDER BY n) AS made_before,
            min(uuid_extract_timestamp(v.id)) OVER (ORDER BY n DESC) AS made_after
        FROM generate_series(low - 1, high + 1) n
        LEFT JOIN public.invoices v ON v.number = n::text) known
    WHERE id IS NULL AND n BETWEEN low AND high
$$;

-- Up to which number it is certain whose each is: `decided`. A number that a transaction has drawn
-- and not yet committed is in nobody's hands. Each statement in here looks anew, in this order.
CREATE FUNCTION decide_invoice_numbers(
    OUT looked_through bigint, OUT decided bigint, OUT drawn bigint, OUT before xid8)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
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

-- The void numbers below `below`, the highest first: those on record, and those since the last look.
CREATE FUNCTION list_void_invoice_numbers(below bigint, most integer)
RETURNS TABLE (number bigint, drawn_after timestamptz, drawn_before timestamptz)
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

-- What this store used up before, from the first number that it drew itself.
INSERT INTO invoice_number_watch (looked_through, seen_through, seen_before)
SELECT drawn, drawn, '0' FROM (
    SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END AS drawn
    FROM invoice_numbers) s;
INSERT INTO void_invoice_numbers (number, drawn_after, drawn_before)
SELECT m.* FROM invoice_number_watch w, missing_invoice_numbers(greatest(1001, 1 + coalesce((
    SELECT max(v.number::bigint) FROM invoices v
    JOIN invoice_status_history h ON h.invoice_id = v.id AND h.from_status IS NULL
        AND h.changed_by = '00000000-0000-7000-8000-000000000001'
        AND h.notes = 'Taken over from the earlier system'
    WHERE v.number ~ '^[0-9]{1,15}$'), 0)), w.looked_through) m;
