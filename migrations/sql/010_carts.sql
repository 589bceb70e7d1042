-- Carts. Which units a cart holds stays with the units (items.reserved_for_id); a cart says whose
-- it is, at which prices, and what was typed for its customer.
CREATE TABLE carts (
    id uuid CONSTRAINT pk_carts PRIMARY KEY DEFAULT uuidv7(),
    -- The API's sessionId.
    session_id text COLLATE "C" NOT NULL CONSTRAINT uq_carts_session_id UNIQUE
        CONSTRAINT ck_carts_session_id
        CHECK (session_id <> '' AND strpos(session_id, E'\x1f') = 0),
    user_id uuid NOT NULL CONSTRAINT fk_carts_user_id REFERENCES users,
    -- False for a cart that exists because an API client used its sessionId.
    on_page boolean NOT NULL DEFAULT false,
    status text NOT NULL DEFAULT 'open'
        CONSTRAINT ck_carts_status CHECK (status IN ('open', 'aside', 'closed')),
    customer_id uuid CONSTRAINT fk_carts_customer_id REFERENCES customers,
    customer_name text NOT NULL DEFAULT '',
    customer_email text NOT NULL DEFAULT '',
    customer_tier text NOT NULL DEFAULT 'standard',
    notes text NOT NULL DEFAULT '',
    -- The browser tab that saved the customer last.
    customer_tab text NOT NULL DEFAULT '',
    -- What lapsed up to this row of inventory_status_history was left out.
    lapsed_after uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    invoice_id uuid CONSTRAINT fk_carts_invoice_id REFERENCES invoices,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    put_aside_at timestamptz,
    closed_at timestamptz,
    CONSTRAINT ck_carts_put_aside CHECK ((status = 'aside') = (put_aside_at IS NOT NULL)),
    CONSTRAINT ck_carts_closed CHECK ((status = 'closed') = (closed_at IS NOT NULL)),
    CONSTRAINT ck_carts_invoice CHECK (invoice_id IS NULL OR status = 'closed')
);
CREATE UNIQUE INDEX uq_carts_open ON carts (user_id) WHERE on_page AND status = 'open';
CREATE INDEX ix_carts_put_aside ON carts (user_id, put_aside_at) WHERE status = 'aside';

CREATE TABLE cart_lines (
    cart_id uuid NOT NULL CONSTRAINT fk_cart_lines_cart_id REFERENCES carts,
    product_id uuid NOT NULL CONSTRAINT fk_cart_lines_product_id REFERENCES products,
    -- Where it differs from the product's list price.
    unit_price numeric(14, 2) CONSTRAINT ck_cart_lines_unit_price CHECK (unit_price >= 0),
    -- What was typed as a price and is none, until something else is typed.
    refused_price text CONSTRAINT ck_cart_lines_refused_price
        CHECK (refused_price <> '' AND length(refused_price) <= 100),
    -- The browser tab that set the price.
    tab text NOT NULL DEFAULT '',
    CONSTRAINT pk_cart_lines PRIMARY KEY (cart_id, product_id),
    CONSTRAINT ck_cart_lines_priced CHECK (num_nonnulls(unit_price, refused_price) >= 1)
);

-- Holds that exist belong to whoever made the first of them. The page made its ids as UUIDs, so
-- those carts can be taken up again there.
INSERT INTO carts (session_id, user_id, on_page, status, created_at, put_aside_at)
SELECT h.session_id, h.user_id, h.of_page, CASE WHEN h.of_page THEN 'aside' ELSE 'open' END,
    h.since, CASE WHEN h.of_page THEN h.since END
FROM (SELECT DISTINCT ON (i.reserved_for_id) i.reserved_for_id AS session_id,
        i.reserved_by AS user_id, i.reserved_at AS since,
        pg_input_is_valid(i.reserved_for_id, 'uuid') AS of_page
    FROM items i JOIN users u ON u.id = i.reserved_by
    WHERE i.reserved_for_type = 'Session'
    ORDER BY i.reserved_for_id, i.reserved_at, i.id) h;
