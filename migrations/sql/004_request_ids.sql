-- A run that a request asked for goes by that request's id, and so does what it writes to history.
ALTER TABLE job_runs ADD COLUMN request_id text;
