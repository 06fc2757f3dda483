-- What each account is worth now, what its last day has earned, and how much it holds and waits for.
-- Of positions those that were opened in the span, of slices those that are due in it.
WITH
    now AS (
        SELECT
            account,
            max(balance) AS began_with,
            argMax(
                (ts, equity, cash, realised, unrealised, drawdown, day_end, coalesce(toString(day), '')),
                (ts, length(equity_id), equity_id)
            ) AS last,
            last.1 - if(last.7, INTERVAL 1 MICROSECOND, INTERVAL 0 MICROSECOND) AS within
        FROM equity
        WHERE ({account:String} = '' OR account = {account:String})
            AND ts >= {since:DateTime64(6, 'UTC')}
            AND (ts < {until:DateTime64(6, 'UTC')} OR (day_end AND ts = {until:DateTime64(6, 'UTC')}))
        GROUP BY account
    ),
    ended AS (
        SELECT account, ts, toNullable(equity) AS equity, toDateOrNull(toString(day)) AS day
        FROM equity
        WHERE day_end AND ({account:String} = '' OR account = {account:String})
    ),
    held AS (
        SELECT account, count() AS positions
        FROM positions_open
        WHERE ({account:String} = '' OR account = {account:String})
            AND opened >= {since:DateTime64(6, 'UTC')} AND opened < {until:DateTime64(6, 'UTC')}
        GROUP BY account
    ),
    pending AS (
        SELECT account, count() AS slices
        FROM slices_now
        WHERE ({account:String} = '' OR account = {account:String})
            AND state = 'armed' AND due >= {since:DateTime64(6, 'UTC')} AND due < {until:DateTime64(6, 'UTC')}
        GROUP BY account
    )
SELECT
    now.account AS account,
    multiIf(last.8 != '', last.8,
            ended.day IS NULL, toString(toDate(last.1, 'UTC')),
            toString(assumeNotNull(ended.day) + 1)) AS day,
    last.2 AS equity,
    last.2 - coalesce(ended.equity, began_with) AS day_pnl,
    last.3 AS cash,
    last.4 AS realised,
    last.5 AS unrealised,
    began_with + last.4 + last.5 - last.2 AS fees,
    last.6 AS drawdown,
    held.positions AS open_positions,
    pending.slices AS pending_slices
FROM now
ASOF LEFT JOIN ended ON now.account = ended.account AND now.within >= ended.ts
LEFT JOIN held ON now.account = held.account
LEFT JOIN pending ON now.account = pending.account
ORDER BY account
