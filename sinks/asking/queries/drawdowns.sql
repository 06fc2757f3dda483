-- The deepest falls of each account from a highest equity: how deep, from when to when, and how long.
-- limit = 10: so many at most
-- Times are those of the lowest equity. A fall ends when equity is higher than ever again; until then it has no
-- recovery, and lasts to the newest row.
SELECT
    account,
    depth AS drawdown,
    peak AS from_equity,
    low AS to_equity,
    began,
    lowest,
    recovered,
    dateDiff('microsecond', began, coalesce(recovered, newest)) / 86400000000 AS days
FROM (
    SELECT
        *,
        nullIf(
            leadInFrame(began) OVER (
                PARTITION BY account ORDER BY peak ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
            ),
            toDateTime64(0, 6, 'UTC')
        ) AS recovered
    FROM (
        SELECT
            account,
            peak,
            max(drawdown) AS depth,
            min(equity) AS low,
            min(ts) AS began,
            argMin(ts, (equity, ts)) AS lowest,
            max(ts) AS newest
        FROM equity_peaks
        WHERE ({account:String} = '' OR account = {account:String})
        GROUP BY account, peak
    )
)
WHERE depth > 0 AND lowest >= {since:DateTime64(6, 'UTC')} AND lowest < {until:DateTime64(6, 'UTC')}
ORDER BY drawdown DESC, account, began
LIMIT {limit:UInt64}
