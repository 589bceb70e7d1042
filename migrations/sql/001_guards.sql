-- What the database itself keeps, whoever is connected and however wrong the program is.
--
-- A change of status needs to know who, why, what for and when. They come from settings of the
-- transaction, which the program's one door sets (services/inventory_lifecycle.py):
--   holdfast.user_id, holdfast.reason               required
--   holdfast.reference_type, holdfast.reference_id  default: what the unit is or was reserved for
--   holdfast.change_date                            default: now; may be in the past
--   holdfast.notes, holdfast.request_id
-- Errors: HF001 context missing, HF002 transition not allowed, HF003 append-only,
--         HF004 not to be changed by hand, HF005 totals do not add up.

CREATE FUNCTION holdfast_setting(name text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('holdfast.' || name, true), '')
$$;

-- Every unit, before its row is written: is the step allowed, is it explained, what is its hash?
CREATE FUNCTION guard_item() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    reason text;
    who uuid;
    happened_at timestamptz;
    ref_type text;
    ref_id text;
    status_before text;
    hash_before bytea := '\x';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.id, NEW.serial_number, NEW.product_id, NEW.created_at)
           IS DISTINCT FROM (OLD.id, OLD.serial_number, OLD.product_id, OLD.created_at) THEN
            RAISE EXCEPTION 'unit %: id, serial number, product and creation time never change',
                OLD.serial_number USING ERRCODE = 'HF004';
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
-- Triggers fire in the order of their names: this one sees what the others made of the row.
CREATE TRIGGER zz_guard_item BEFORE INSERT OR UPDATE ON items
    FOR EACH ROW EXECUTE FUNCTION guard_item();

-- The same act writes the history, for a statement's units together.
CREATE FUNCTION write_item_history_on_insert() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
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
    INSERT INTO public.item_search (item_id, serial_number) SELECT id, serial_number FROM new_items;
    INSERT INTO public.stock_tallies (product_id, warehouse_id, inventory_status, quantity)
    SELECT product_id, warehouse_id, inventory_status, count(*) FROM new_items GROUP BY 1, 2, 3;
    INSERT INTO public.transition_tallies (minute, to_status, change_reason, quantity)
    SELECT date_trunc('minute', coalesce(happened_at, clock_timestamp())), inventory_status, reason,
        count(*)
    FROM new_items GROUP BY inventory_status;
    RETURN NULL;
END $$;

-- The plans in here are kept, whether made for one unit or for thousands. A full join (no unit is
-- without its other half) cannot be planned as a nested loop, which would be quadratic.
CREATE FUNCTION write_item_history_on_update() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
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

CREATE FUNCTION require_user(who uuid) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.users u WHERE u.id = who) THEN
        RAISE EXCEPTION 'a change of status names its user; there is no user %', who
            USING ERRCODE = 'HF001';
    END IF;
END $$;

CREATE TRIGGER write_history_on_insert AFTER INSERT ON items
    REFERENCING NEW TABLE AS new_items
    FOR EACH STATEMENT EXECUTE FUNCTION write_item_history_on_insert();
CREATE TRIGGER write_history_on_update AFTER UPDATE ON items
    REFERENCING OLD TABLE AS old_items NEW TABLE AS new_items
    FOR EACH STATEMENT EXECUTE FUNCTION write_item_history_on_update();

-- A row of history is true only where its unit ends with just that row.
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
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION guard_history_insert();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '%: % is refused, its rows stay as they were written', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'HF003';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON inventory_status_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_status_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON inventory_transitions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON invoice_transitions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep BEFORE DELETE OR TRUNCATE ON items
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep BEFORE DELETE OR TRUNCATE ON invoices
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep BEFORE DELETE OR TRUNCATE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep BEFORE TRUNCATE ON invoice_items
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Invoices: their statuses, and sums that are kept by the lines and payments themselves.
CREATE FUNCTION guard_invoice() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'Open' OR NEW.total <> 0 OR NEW.paid <> 0 THEN
            RAISE EXCEPTION 'invoice %: a new invoice is Open and empty', NEW.number
                USING ERRCODE = 'HF002';
        END IF;
        NEW.version := 1;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.number, NEW.customer_id) IS DISTINCT FROM (OLD.id, OLD.number, OLD.customer_id) THEN
        RAISE EXCEPTION 'invoice %: id, number and customer never change', OLD.number
            USING ERRCODE = 'HF004';
    END IF;
    IF NEW.status <> OLD.status AND NOT EXISTS (
            SELECT FROM public.invoice_transitions t
            WHERE t.from_status = OLD.status AND t.to_status = NEW.status) THEN
        RAISE EXCEPTION 'invoice %: % to % is not an allowed transition', OLD.number, OLD.status,
            NEW.status USING ERRCODE = 'HF002';
    END IF;
    NEW.version := OLD.version + 1;
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER zz_guard_invoice BEFORE INSERT OR UPDATE ON invoices
    FOR EACH ROW EXECUTE FUNCTION guard_invoice();

CREATE FUNCTION write_invoice_history() RETURNS trigger LANGUAGE plpgsql
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
    RETURN NULL;
END $$;
CREATE TRIGGER write_history_on_insert AFTER INSERT ON invoices
    FOR EACH ROW EXECUTE FUNCTION write_invoice_history();
CREATE TRIGGER write_history_on_update AFTER UPDATE ON invoices
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION write_invoice_history();

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

-- Taking the invoice's row in here is what keeps two payments at once from both fitting.
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
CREATE FUNCTION add_lines() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM add_to_invoice(invoice_id, sum(unit_price), 0) FROM new_lines
    GROUP BY invoice_id ORDER BY invoice_id;
    RETURN NULL;
END $$;
CREATE FUNCTION remove_lines() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM add_to_invoice(invoice_id, -sum(unit_price), 0) FROM old_lines
    GROUP BY invoice_id ORDER BY invoice_id;
    RETURN NULL;
END $$;
CREATE FUNCTION add_payments() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM add_to_invoice(invoice_id, 0, sum(amount)) FROM new_payments
    GROUP BY invoice_id ORDER BY invoice_id;
    RETURN NULL;
END $$;
CREATE TRIGGER add_to_total AFTER INSERT ON invoice_items REFERENCING NEW TABLE AS new_lines
    FOR EACH STATEMENT EXECUTE FUNCTION add_lines();
CREATE TRIGGER take_from_total AFTER DELETE ON invoice_items REFERENCING OLD TABLE AS old_lines
    FOR EACH STATEMENT EXECUTE FUNCTION remove_lines();
CREATE TRIGGER add_to_paid AFTER INSERT ON payments REFERENCING NEW TABLE AS new_payments
    FOR EACH STATEMENT EXECUTE FUNCTION add_payments();
CREATE FUNCTION refuse_line_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'an invoice line is removed and added anew, never changed' USING ERRCODE = 'HF004';
END $$;
CREATE TRIGGER keep_line BEFORE UPDATE ON invoice_items FOR EACH ROW
    WHEN ((OLD.id, OLD.invoice_id, OLD.item_id, OLD.unit_price)
          IS DISTINCT FROM (NEW.id, NEW.invoice_id, NEW.item_id, NEW.unit_price))
    EXECUTE FUNCTION refuse_line_change();

-- Sums written by hand are checked at the end of the transaction, under the invoice's lock.
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
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION check_invoice_sums();

-- session_replication_role = replica switches ordinary triggers off; not these.
DO $$
DECLARE
    guard record;
BEGIN
    FOR guard IN SELECT tgname, tgrelid::regclass AS tbl FROM pg_trigger WHERE NOT tgisinternal LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', guard.tbl, guard.tgname);
    END LOOP;
END $$;
