-- The hash of one row of history over the hash of the row before it. Fixed-width fields first, then
-- texts between unit separators, which reference ids may not hold; the free text comes last.
CREATE FUNCTION history_row_hash(
    previous_hash bytea, item_id uuid, seq integer, from_status text, to_status text,
    change_reason text, reference_type text, reference_id text, changed_by uuid,
    change_date timestamptz, created_at timestamptz, notes text, request_id text)
RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sha256(previous_hash || uuid_send(item_id) || int4send(seq) || uuid_send(changed_by)
        || timestamptz_send(change_date) || timestamptz_send(created_at)
        || convert_to(concat_ws(E'\x1f', coalesce(from_status, ''), to_status, change_reason,
            coalesce(reference_type, ''), coalesce(reference_id, ''), coalesce(request_id, ''),
            coalesce(notes, '')), 'UTF8'))
$$;
