-- Runs wait, are carried out, and are taken up again when their process was killed.
ALTER TABLE job_runs
    DROP CONSTRAINT ck_job_runs_status,
    ADD CONSTRAINT ck_job_runs_status
        CHECK (status IN ('queued', 'running', 'abandoned', 'succeeded', 'failed')),
    ALTER COLUMN started_at DROP NOT NULL,
    ADD COLUMN origin text NOT NULL DEFAULT 'timetable' CONSTRAINT ck_job_runs_origin
        CHECK (origin IN ('timetable', 'request', 'direct')),
    ADD COLUMN queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN progress text,
    ADD CONSTRAINT ck_job_runs_started CHECK (status = 'queued' OR started_at IS NOT NULL);
CREATE INDEX ix_job_runs_unfinished ON job_runs (job) WHERE finished_at IS NULL;
-- A person's wish is one run, however often the button is pressed.
CREATE UNIQUE INDEX uq_job_runs_request ON job_runs (job)
    WHERE origin = 'request' AND status = 'queued';

-- Which channels have an alert already, by a fingerprint of their address; `key` is for alerts
-- that are raised once however often they are noticed.
ALTER TABLE outbox
    ADD COLUMN delivered_to text[] NOT NULL DEFAULT '{}',
    ADD COLUMN key text CONSTRAINT uq_outbox_key UNIQUE;

-- The daily report asks for one day.
CREATE INDEX ix_invoice_status_history_change_date ON invoice_status_history (change_date);
CREATE INDEX ix_payments_received_at ON payments (received_at);
