-- What each slice of a plan bought or sold: `paid` is Σ price × quantity, undivided.
CREATE OR REPLACE VIEW slice_fills AS
SELECT
    account,
    assumeNotNull(fill.plan_id) AS plan_id,
    assumeNotNull(slice_number) AS number,
    any(symbol) AS symbol,
    any(side) AS side,
    any(signal_id) AS signal_id,
    any(fill.trade_id) AS trade_id,
    any(fill.lot_id) AS lot_id,
    min(fill.ts) AS ts,
    min(k_time) AS k_time,
    count() AS fills,
    sum(quantity) AS filled,
    sum(toDecimal128(price, 8) * toDecimal128(quantity, 8)) AS paid,
    sum(fee) AS fees,
    any(fill.arrival) AS arrival,
    if(side = 'buy', 1, -1) AS sign
FROM fills AS fill FINAL
WHERE purpose = 'entry' AND fill.plan_id IS NOT NULL AND slice_number IS NOT NULL
GROUP BY account, plan_id, number
