-- Each day of each account, in its own time zone: what it began with, what changed, what it ended with.
-- start + realised + unrealised_change - fees = equity. Win rate and Sharpe are to date. The last day may still
-- be under way.
SELECT
    account,
    day,
    equity - pnl AS start,
    realised - realised_before AS realised,
    unrealised - unrealised_before AS unrealised_change,
    fees - coalesce(fees_before, 0) AS fees,
    pnl,
    equity,
    cash,
    return,
    trades,
    wins,
    win_rate,
    sharpe,
    drawdown,
    complete
FROM (
    SELECT
        *,
        lagInFrame(realised) OVER earlier AS realised_before,
        lagInFrame(unrealised) OVER earlier AS unrealised_before,
        lagInFrame(fees) OVER earlier AS fees_before
    FROM daily
    WINDOW earlier AS (PARTITION BY account ORDER BY day ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
)
WHERE ({account:String} = '' OR account = {account:String})
    -- The first day's beginning and the last one's end are not known: wherever it is, a day is within these hours.
    AND coalesce(ends, toDateTime64(day, 6, 'UTC') + INTERVAL 36 HOUR) > {since:DateTime64(6, 'UTC')}
    AND coalesce(begins, toDateTime64(day, 6, 'UTC') - INTERVAL 14 HOUR) < {until:DateTime64(6, 'UTC')}
ORDER BY account, day
