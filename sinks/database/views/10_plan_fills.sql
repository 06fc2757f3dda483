-- Each filled slice beside its plan: what its quantity would have cost at the plan's arrival, at the average price
-- of the plan's other slices, and at the price of its first one; and the best price of all of them.
-- A plan's fills lie in its row in the order of its slices: what a slice came to is the sum up to its last fill less the
-- sum up to its first. A window over all slices of all plans takes three times as long.
CREATE OR REPLACE VIEW plan_fills AS
WITH
    (sums, ends) -> arrayFilter((sum, end) -> end, arrayCumSum(sums), ends) AS upto,
    (sums) -> arrayMap((now, before) -> now - before, sums, arrayPopBack(arrayPushFront(sums, sums[1] - sums[1]))) AS steps
SELECT
    account,
    plan_id,
    number,
    symbol,
    side,
    signal_id,
    trade_id,
    lot_id,
    ts,
    k_time,
    toUInt64(count) AS fills,
    filled,
    paid,
    fees,
    arrival,
    sign,
    arrival * toDecimal128(filled, 8) AS arrived,
    price,
    toFloat64(plan_paid - paid) / nullIf(toFloat64(plan_filled - filled), 0) AS others_price,
    others_price * toFloat64(filled) AS at_others,
    first_price,
    first_price * toFloat64(filled) AS at_first,
    best_price
FROM (
    SELECT
        * EXCEPT (ts, k_time, filled, paid, fees),
        filled AS plan_filled,
        paid AS plan_paid,
        arrayMap((now, next) -> now != next, entered.1, arrayPushBack(arrayPopFront(entered.1), -1)) AS ends,
        arrayFilter((number, end) -> end, entered.1, ends) AS numbers,
        steps(upto(entered.4, ends)) AS slices_filled,
        steps(upto(entered.5, ends)) AS slices_paid,
        arrayMap((paid, filled) -> toFloat64(paid) / toFloat64(filled), slices_paid, slices_filled) AS prices,
        prices[1] AS first_price,
        sign * arrayMin(price -> sign * price, prices) AS best_price,
        steps(upto(entered.6, ends)) AS slices_fees,
        steps(upto(arrayMap(end -> toInt64(1), ends), ends)) AS slices_fills,
        arrayFilter((ts, begins) -> begins, entered.2, arrayPopBack(arrayPushFront(ends, true))) AS times,
        arrayFilter((ts, begins) -> begins, entered.3, arrayPopBack(arrayPushFront(ends, true))) AS k_times
    FROM plan_entries
)
ARRAY JOIN
    numbers AS number,
    times AS ts,
    k_times AS k_time,
    slices_fills AS count,
    slices_filled AS filled,
    slices_paid AS paid,
    prices AS price,
    slices_fees AS fees
