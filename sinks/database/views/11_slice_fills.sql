-- What each slice of a plan bought or sold: `paid` is Σ price × quantity, undivided.
CREATE OR REPLACE VIEW slice_fills AS
SELECT
    account, plan_id, number, symbol, side, signal_id, trade_id, lot_id, ts, k_time, fills, filled, paid, fees,
    arrival, sign
FROM plan_fills
