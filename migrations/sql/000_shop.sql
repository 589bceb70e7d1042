-- The shop as it was before Holdfast: units have a physical status and a legacy list of its changes,
-- invoices have lines and payments, and nothing says whether a unit is free.

CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    email text NOT NULL,
    name text NOT NULL,
    role text NOT NULL CONSTRAINT ck_users_role CHECK (role IN ('staff', 'manager', 'admin')),
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX uq_users_email ON users (lower(email));

CREATE TABLE customers (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    name text NOT NULL,
    email text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE products (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    sku text COLLATE "C" NOT NULL CONSTRAINT uq_products_sku UNIQUE,
    name text NOT NULL,
    price numeric(14, 2) CONSTRAINT ck_products_price CHECK (price >= 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE items (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    serial_number text COLLATE "C" NOT NULL CONSTRAINT uq_items_serial_number UNIQUE,
    product_id uuid NOT NULL CONSTRAINT fk_items_product_id REFERENCES products,
    condition text NOT NULL DEFAULT 'New' CONSTRAINT ck_items_condition
        CHECK (condition IN ('New', 'OpenBox', 'Used', 'Refurbished', 'Damaged')),
    status text NOT NULL DEFAULT 'InStock' CONSTRAINT ck_items_status
        CHECK (status IN ('InStock', 'InTransit', 'WithCustomer', 'InRepair', 'Missing')),
    status_history jsonb NOT NULL DEFAULT '[]',
    notes text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE invoices (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    number text COLLATE "C" NOT NULL CONSTRAINT uq_invoices_number UNIQUE,
    customer_id uuid NOT NULL CONSTRAINT fk_invoices_customer_id REFERENCES customers,
    status text NOT NULL DEFAULT 'Open' CONSTRAINT ck_invoices_status
        CHECK (status IN ('Open', 'PartiallyPaid', 'Paid', 'Delivered', 'Cancelled')),
    notes text,
    created_by uuid CONSTRAINT fk_invoices_created_by REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE invoice_items (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    invoice_id uuid NOT NULL CONSTRAINT fk_invoice_items_invoice_id REFERENCES invoices,
    item_id uuid NOT NULL CONSTRAINT fk_invoice_items_item_id REFERENCES items,
    unit_price numeric(14, 2) NOT NULL CONSTRAINT ck_invoice_items_unit_price CHECK (unit_price >= 0),
    CONSTRAINT uq_invoice_items_invoice_id UNIQUE (invoice_id, item_id)
);

CREATE TABLE payments (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    invoice_id uuid NOT NULL CONSTRAINT fk_payments_invoice_id REFERENCES invoices,
    amount numeric(14, 2) NOT NULL CONSTRAINT ck_payments_amount CHECK (amount > 0),
    method text NOT NULL CONSTRAINT ck_payments_method
        CHECK (method IN ('Cash', 'Card', 'Transfer', 'Other')),
    reference text,
    created_by uuid CONSTRAINT fk_payments_created_by REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_payments_invoice_id ON payments (invoice_id);
