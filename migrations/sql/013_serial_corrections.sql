-- A serial number that was typed wrong at receiving can be corrected while nothing has happened to
-- the unit but its receipt. Every correction is kept: who, when, from, to and why.

CREATE TABLE serial_corrections (
    id uuid CONSTRAINT pk_serial_corrections PRIMARY KEY DEFAULT uuidv7(),
    item_id uuid NOT NULL CONSTRAINT fk_serial_corrections_item_id REFERENCES items,
    from_serial text COLLATE "C" NOT NULL,
    to_serial text COLLATE "C" NOT NULL,
    reason text NOT NULL CONSTRAINT ck_serial_corrections_reason CHECK (reason <> ''),
    corrected_by uuid NOT NULL,
    request_id text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_serial_corrections_item_id ON serial_corrections (item_id, id);

-- As before, but for the serial number.
CREATE OR REPLACE FUNCTION guard_item() RETURNS trigger LANGUAGE plpgsql
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
    FOR EACH ROW WHEN (OLD.serial_number IS DISTINCT FROM NEW.serial_number)
    EXECUTE FUNCTION write_serial_correction();

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
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON serial_corrections
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE items ENABLE ALWAYS TRIGGER write_serial_correction;
ALTER TABLE serial_corrections ENABLE ALWAYS TRIGGER guard_insert;
ALTER TABLE serial_corrections ENABLE ALWAYS TRIGGER append_only;
