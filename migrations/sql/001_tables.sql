-- The lifecycle's tables and columns. Guards come in 001_guards.sql, after the backfill.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

ALTER TABLE users
    ADD COLUMN active boolean NOT NULL DEFAULT true,
    ADD COLUMN can_sign_in boolean NOT NULL DEFAULT true,
    ADD COLUMN last_login_at timestamptz;

-- Who does what nobody in particular does: expiry, imports, the migration itself.
INSERT INTO users (id, email, name, role, password_hash, can_sign_in)
VALUES ('00000000-0000-7000-8000-000000000001', 'system@holdfast.invalid', 'Holdfast', 'admin', '!', false);

ALTER TABLE customers
    ADD COLUMN tier text NOT NULL DEFAULT 'standard'
        CONSTRAINT ck_customers_tier CHECK (tier IN ('standard', 'vip')),
    ADD COLUMN source_reference text CONSTRAINT uq_customers_source_reference UNIQUE,
    ADD COLUMN search_text text GENERATED ALWAYS AS (name || ' ' || coalesce(email, '')) STORED;
CREATE INDEX ix_customers_email ON customers (lower(email)) WHERE email IS NOT NULL;
CREATE INDEX ix_customers_search ON customers USING gin (search_text gin_trgm_ops);

ALTER TABLE products
    ADD COLUMN barcode text,
    ADD COLUMN category text,
    ADD COLUMN next_serial integer NOT NULL DEFAULT 1,
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN search_text text
        GENERATED ALWAYS AS (sku || ' ' || name || ' ' || coalesce(barcode, '')) STORED;
CREATE UNIQUE INDEX uq_products_barcode ON products (barcode) WHERE barcode IS NOT NULL;
CREATE INDEX ix_products_search ON products USING gin (search_text gin_trgm_ops);

CREATE TABLE warehouses (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    code text COLLATE "C" NOT NULL CONSTRAINT uq_warehouses_code UNIQUE,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE locations (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    warehouse_id uuid NOT NULL CONSTRAINT fk_locations_warehouse_id REFERENCES warehouses,
    code text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT uq_locations_warehouse_id UNIQUE (warehouse_id, code),
    CONSTRAINT uq_locations_id UNIQUE (id, warehouse_id)
);
INSERT INTO warehouses (id, code, name)
VALUES ('00000000-0000-7000-8000-0000000000a1', 'MAIN', 'Main store');

ALTER TABLE items
    ADD COLUMN inventory_status text NOT NULL DEFAULT 'Available' CONSTRAINT ck_items_inventory_status
        CHECK (inventory_status IN ('Available', 'Reserved', 'Sold', 'Delivered')),
    ADD COLUMN warehouse_id uuid NOT NULL DEFAULT '00000000-0000-7000-8000-0000000000a1'
        CONSTRAINT fk_items_warehouse_id REFERENCES warehouses,
    ADD COLUMN location_id uuid,
    ADD COLUMN reserved_at timestamptz,
    ADD COLUMN reserved_by uuid,
    ADD COLUMN reserved_for_type text CONSTRAINT ck_items_reserved_for_type
        CHECK (reserved_for_type IN ('Invoice', 'Session', 'Manual')),
    ADD COLUMN reserved_for_id text CONSTRAINT ck_items_reserved_for_id
        CHECK (reserved_for_id <> '' AND strpos(reserved_for_id, E'\x1f') = 0),
    ADD COLUMN reservation_expiry timestamptz,
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The tail of the unit's history: its length, its last hash and when it was written.
    ADD COLUMN history_length integer NOT NULL DEFAULT 0,
    ADD COLUMN history_hash bytea NOT NULL DEFAULT '\x',
    ADD COLUMN status_changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD CONSTRAINT fk_items_location_id
        FOREIGN KEY (location_id, warehouse_id) REFERENCES locations (id, warehouse_id);

ALTER TABLE invoices
    ADD COLUMN total numeric(14, 2) NOT NULL DEFAULT 0,
    ADD COLUMN paid numeric(14, 2) NOT NULL DEFAULT 0,
    ADD COLUMN is_live boolean NOT NULL GENERATED ALWAYS AS (status <> 'Cancelled') STORED,
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN source_reference text CONSTRAINT uq_invoices_source_reference UNIQUE,
    ADD CONSTRAINT uq_invoices_id UNIQUE (id, is_live);

ALTER TABLE invoice_items
    ADD COLUMN live boolean NOT NULL DEFAULT true;

ALTER TABLE payments
    ADD COLUMN received_at timestamptz NOT NULL DEFAULT clock_timestamp();

CREATE TABLE inventory_transitions (
    from_status text NOT NULL,
    to_status text NOT NULL,
    change_reason text NOT NULL,
    CONSTRAINT pk_inventory_transitions PRIMARY KEY (from_status, to_status, change_reason)
);
CREATE TABLE invoice_transitions (
    from_status text NOT NULL,
    to_status text NOT NULL,
    CONSTRAINT pk_invoice_transitions PRIMARY KEY (from_status, to_status)
);

CREATE TABLE inventory_status_history (
    id uuid CONSTRAINT pk_inventory_status_history PRIMARY KEY DEFAULT uuidv7(),
    item_id uuid NOT NULL,
    seq integer NOT NULL,
    from_status text,
    to_status text NOT NULL,
    change_reason text NOT NULL,
    reference_type text,
    reference_id text CONSTRAINT ck_inventory_status_history_reference_id
        CHECK (reference_id <> '' AND strpos(reference_id, E'\x1f') = 0),
    changed_by uuid NOT NULL,
    change_date timestamptz NOT NULL,
    notes text CONSTRAINT ck_inventory_status_history_notes CHECK (notes <> ''),
    request_id text,
    created_at timestamptz NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT uq_inventory_status_history_item_id UNIQUE (item_id, seq),
    CONSTRAINT ck_inventory_status_history_past CHECK (change_date <= created_at),
    -- The foreign key passes over rows without a from_status, so these are said here.
    CONSTRAINT ck_inventory_status_history_first CHECK (
        (from_status IS NOT NULL AND seq > 1)
        OR (from_status IS NULL AND seq = 1
            AND ((change_reason = 'RECEIVED' AND to_status = 'Available')
                 OR change_reason = 'MIGRATED'))),
    CONSTRAINT fk_inventory_status_history_transition
        FOREIGN KEY (from_status, to_status, change_reason) REFERENCES inventory_transitions
);
CREATE INDEX ix_inventory_status_history_reference ON inventory_status_history (reference_id, id);
CREATE INDEX ix_inventory_status_history_change_date
    ON inventory_status_history USING brin (change_date);

CREATE TABLE invoice_status_history (
    id uuid CONSTRAINT pk_invoice_status_history PRIMARY KEY DEFAULT uuidv7(),
    invoice_id uuid NOT NULL,
    from_status text,
    to_status text NOT NULL,
    changed_by uuid NOT NULL,
    change_date timestamptz NOT NULL,
    notes text,
    request_id text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_invoice_status_history_invoice_id ON invoice_status_history (invoice_id, id);

-- Serial numbers never change, statuses do: keeping the trigram index off the items' own rows saves
-- rewriting some twenty index entries at every change of status.
CREATE TABLE item_search (
    item_id uuid CONSTRAINT pk_item_search PRIMARY KEY,
    serial_number text COLLATE "C" NOT NULL
);
CREATE INDEX ix_item_search_serial_number ON item_search USING gin (serial_number gin_trgm_ops);

-- Maintained totals, as rows that add up. Writers only ever append, so no two clerks meet here;
-- the cleanup job folds them together.
CREATE TABLE stock_tallies (
    product_id uuid NOT NULL,
    warehouse_id uuid NOT NULL,
    inventory_status text NOT NULL,
    quantity bigint NOT NULL
);
CREATE INDEX ix_stock_tallies_product_id ON stock_tallies (product_id);
CREATE TABLE transition_tallies (
    minute timestamptz NOT NULL,
    from_status text,
    to_status text NOT NULL,
    change_reason text NOT NULL,
    quantity bigint NOT NULL
);
CREATE INDEX ix_transition_tallies_minute ON transition_tallies (minute);

CREATE TABLE inconsistencies (
    id uuid CONSTRAINT pk_inconsistencies PRIMARY KEY DEFAULT uuidv7(),
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
    resolution text
);
CREATE UNIQUE INDEX uq_inconsistencies_open
    ON inconsistencies (kind, item_id, invoice_id) NULLS NOT DISTINCT WHERE resolved_at IS NULL;
CREATE INDEX ix_inconsistencies_item_id ON inconsistencies (item_id);
CREATE INDEX ix_inconsistencies_invoice_id ON inconsistencies (invoice_id);

CREATE TABLE job_runs (
    id uuid CONSTRAINT pk_job_runs PRIMARY KEY DEFAULT uuidv7(),
    job text NOT NULL,
    slot timestamptz NOT NULL,
    status text NOT NULL CONSTRAINT ck_job_runs_status
        CHECK (status IN ('running', 'succeeded', 'failed')),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    started_by uuid,
    result jsonb,
    error text,
    CONSTRAINT uq_job_runs_job UNIQUE (job, slot)
);

CREATE TABLE daily_reports (
    day date CONSTRAINT pk_daily_reports PRIMARY KEY,
    figures jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE api_tokens (
    id uuid CONSTRAINT pk_api_tokens PRIMARY KEY DEFAULT uuidv7(),
    user_id uuid NOT NULL CONSTRAINT fk_api_tokens_user_id REFERENCES users,
    name text NOT NULL,
    token_hash bytea NOT NULL CONSTRAINT uq_api_tokens_token_hash UNIQUE,
    hint text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);
CREATE INDEX ix_api_tokens_user_id ON api_tokens (user_id);

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

CREATE TABLE outbox (
    id uuid CONSTRAINT pk_outbox PRIMARY KEY DEFAULT uuidv7(),
    topic text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    delivered_at timestamptz,
    error text
);
CREATE INDEX ix_outbox_due ON outbox (next_attempt_at) WHERE delivered_at IS NULL;
