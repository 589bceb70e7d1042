-- Where a unit is limits what happens to it. Copies of app/domain/inventory/physical_status.py: what may happen to
-- a unit that is at a place, and at which places a unit of an inventory status may be said to be.

CREATE TABLE step_places (
    change_reason text NOT NULL,
    place text NOT NULL,
    CONSTRAINT pk_step_places PRIMARY KEY (change_reason, place)
);
CREATE TABLE unit_places (
    inventory_status text NOT NULL,
    place text NOT NULL,
    CONSTRAINT pk_unit_places PRIMARY KEY (inventory_status, place)
);
INSERT INTO step_places (change_reason, place)
SELECT reason, place FROM (VALUES
    ('RECEIVED', '{InStock,InTransit,InRepair,Missing}'::text[]),
    ('MIGRATED', '{InStock,InTransit,WithCustomer,InRepair,Missing}'),
    ('INVOICE_CREATED', '{InStock}'),
    ('SESSION_HOLD', '{InStock}'),
    ('MANUAL_HOLD', '{InStock}'),
    ('DIRECT_SALE', '{InStock}'),
    ('INVOICE_CANCELLED', '{InStock,InTransit,WithCustomer,InRepair,Missing}'),
    ('HOLD_RELEASED', '{InStock,InTransit,WithCustomer,InRepair,Missing}'),
    ('RESERVATION_EXPIRED', '{InStock,InTransit,WithCustomer,InRepair,Missing}'),
    ('INVOICE_PAID', '{InStock,InTransit,InRepair}'),
    ('INVOICE_DELIVERED', '{InStock,InTransit,WithCustomer,InRepair}'),
    ('CORRECTION', '{InStock,InTransit,WithCustomer,InRepair,Missing}')
) steps (reason, places), unnest(places) place;
INSERT INTO unit_places (inventory_status, place)
SELECT inventory_status, place FROM (VALUES
    ('Available', '{InStock,InTransit,InRepair,Missing}'::text[]),
    ('Reserved', '{InStock,InTransit,InRepair,Missing}'),
    ('Sold', '{InStock,InTransit,InRepair}'),
    ('Delivered', '{InTransit,WithCustomer,InRepair}')
) units (inventory_status, places), unnest(places) place;

CREATE TRIGGER append_only BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON step_places
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON unit_places
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

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
-- After zz_guard_item, which sets the place of what is delivered. The conditions let the ordinary
-- steps of units in stock pass without a call.
CREATE TRIGGER zzz_guard_place_on_insert BEFORE INSERT ON items
    FOR EACH ROW WHEN (NEW.status <> 'InStock') EXECUTE FUNCTION guard_place();
CREATE TRIGGER zzz_guard_place_on_update BEFORE UPDATE ON items FOR EACH ROW
    WHEN ((NEW.inventory_status <> OLD.inventory_status AND OLD.status <> 'InStock')
          OR (NEW.status <> OLD.status
              AND NOT (OLD.inventory_status = 'Sold' AND NEW.inventory_status = 'Delivered')))
    EXECUTE FUNCTION guard_place();

ALTER TABLE step_places ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE unit_places ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE items ENABLE ALWAYS TRIGGER zzz_guard_place_on_insert;
ALTER TABLE items ENABLE ALWAYS TRIGGER zzz_guard_place_on_update;
