-- Each order in its last state.
CREATE OR REPLACE VIEW orders_now AS
SELECT *
FROM orders FINAL
ORDER BY account, order_id, ts DESC, filled DESC, state DESC, k_offset DESC
LIMIT 1 BY account, order_id
