-- The compound annual growth rate of each account, and what it is made of.
-- (end / start) ^ (365 / calendar days) - 1, from the balance or the last day's end before `since`; none under seven
-- days, -1 when nothing is left.
SELECT
    account,
    argMin(before, ts) AS start_equity,
    argMax(equity, ts) AS end_equity,
    count() AS days,
    multiIf(days < 7 OR start_equity <= 0, NULL, end_equity <= 0, -1.,
            pow(toFloat64(end_equity) / toFloat64(start_equity), 365 / days) - 1) AS cagr
FROM (
    SELECT account, ts, equity, coalesce(
        lagInFrame(toNullable(equity)) OVER (
            PARTITION BY account ORDER BY ts ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
        ),
        balance
    ) AS before
    FROM day_ends
)
WHERE ({account:String} = '' OR account = {account:String})
    AND ts > {since:DateTime64(6, 'UTC')} AND ts <= {until:DateTime64(6, 'UTC')}
GROUP BY account
ORDER BY account
