-- How often each account won, day by day: on the day, over its last 50 trades, and to date.
SELECT
    account,
    day,
    count() AS trades,
    countIf(win) AS wins,
    wins / trades AS win_rate,
    argMax(moving, number) AS last_50,
    argMax(so_far, number) AS to_date
FROM (
    SELECT
        account,
        day,
        exit_ts,
        win,
        row_number() OVER past AS number,
        avg(win) OVER past AS so_far,
        avg(win) OVER (
            PARTITION BY account ORDER BY exit_ts, length(trade_id), trade_id
            ROWS BETWEEN 49 PRECEDING AND CURRENT ROW
        ) AS moving
    FROM (
        SELECT account, exit_ts, trade_id, pnl > 0 AS win
        FROM trades FINAL
        WHERE ({account:String} = '' OR account = {account:String})
    ) AS trade
    ASOF JOIN (
        SELECT account, day, coalesce(ends, toDateTime64('2262-01-01 00:00:00', 6, 'UTC')) AS until
        FROM daily
        WHERE {account:String} = '' OR account = {account:String}
    ) AS days
        ON trade.account = days.account AND trade.exit_ts < days.until
    WINDOW past AS (
        PARTITION BY account ORDER BY exit_ts, length(trade_id), trade_id ROWS UNBOUNDED PRECEDING
    )
)
WHERE exit_ts >= {since:DateTime64(6, 'UTC')} AND exit_ts < {until:DateTime64(6, 'UTC')}
GROUP BY account, day
ORDER BY account, day
