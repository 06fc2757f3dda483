-- Each planned slice in its last state.
CREATE OR REPLACE VIEW slices_now AS
SELECT *
FROM slices FINAL
ORDER BY account, slice_id, state DESC
LIMIT 1 BY account, slice_id
