-- What each plan bought or sold, all its slices together; `entered` has each fill by itself, in the order of the
-- slices: (number, time, when Kafka took it, quantity, price × quantity, fee).
CREATE OR REPLACE VIEW plan_entries AS
SELECT
    account,
    assumeNotNull(fill.plan_id) AS plan_id,
    any(symbol) AS symbol,
    any(side) AS side,
    any(signal_id) AS signal_id,
    any(fill.trade_id) AS trade_id,
    any(fill.lot_id) AS lot_id,
    min(fill.ts) AS ts,
    min(fill.k_time) AS k_time,
    sum(quantity) AS filled,
    sum(toDecimal128(price, 8) * toDecimal128(quantity, 8)) AS paid,
    sum(fee) AS fees,
    any(fill.arrival) AS arrival,
    if(side = 'buy', 1, -1) AS sign,
    arraySort(groupArray((
        assumeNotNull(slice_number),
        fill.ts,
        fill.k_time,
        quantity,
        toDecimal128(price, 8) * toDecimal128(quantity, 8),
        fee
    ))) AS entered
FROM fills AS fill FINAL
WHERE purpose = 'entry' AND fill.plan_id IS NOT NULL AND slice_number IS NOT NULL
GROUP BY account, plan_id
