-- When each slice of an entry came, by its number, and whether waiting for it paid.
-- Seconds count from the plan's acceptance. Basis points are of each slice alone, positive is worse: against the mark
-- at acceptance (arrival), and against the average price of the plan's other slices. `cheapest` is how often the
-- slice had the best price among the slices of its plan, where there were several.
SELECT
    account,
    number,
    count() AS slices,
    quantileExactInclusive(0.5)(dateDiff('microsecond', accepted, ts) / 1000000) AS median_seconds,
    avg(bps) AS average_bps,
    quantileExactInclusive(0.5)(bps) AS median_bps,
    min(bps) AS best_bps,
    max(bps) AS worst_bps,
    countIf(bps < 0) / slices AS better_than_arrival,
    avg(against_others) AS against_others_bps,
    if(count(against_others) > 0,
       countIf(against_others IS NOT NULL AND price = best_price) / count(against_others),
       NULL) AS cheapest
FROM (
    SELECT
        *,
        sign * toFloat64(paid - arrived) / toFloat64(arrived) * 10000 AS bps,
        sign * (price - others_price) / others_price * 10000 AS against_others
    FROM plan_fills
    WHERE ({account:String} = '' OR account = {account:String})
        AND ({symbol:String} = '' OR symbol = {symbol:String})
        AND ts >= {since:DateTime64(6, 'UTC')} AND ts < {until:DateTime64(6, 'UTC')}
) AS filled
INNER JOIN (
    SELECT account, plan_id, min(due) AS accepted
    FROM slices_now
    WHERE {account:String} = '' OR account = {account:String}
    GROUP BY account, plan_id
) AS plans USING (account, plan_id)
GROUP BY account, number
ORDER BY account, number
