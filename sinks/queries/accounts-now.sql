-- What each account is worth on its last day, what that day earned, and how much it holds and waits for.
-- Of positions those that were opened in the span, of slices those that are due in it.
WITH
    last_days AS (
        SELECT account, day, equity, cash, realised, unrealised, fees, pnl, drawdown
        FROM daily
        WHERE ({account:String} = '' OR account = {account:String})
            AND ends > {since:DateTime64(6, 'UTC')} AND begins < {until:DateTime64(6, 'UTC')}
        ORDER BY account, ends DESC
        LIMIT 1 BY account
    ),
    held AS (
        SELECT account, count() AS positions
        FROM positions_open
        WHERE opened >= {since:DateTime64(6, 'UTC')} AND opened < {until:DateTime64(6, 'UTC')}
        GROUP BY account
    ),
    pending AS (
        SELECT account, count() AS slices
        FROM slices_now
        WHERE state = 'armed' AND due >= {since:DateTime64(6, 'UTC')} AND due < {until:DateTime64(6, 'UTC')}
        GROUP BY account
    )
SELECT
    account,
    day,
    equity,
    pnl AS day_pnl,
    cash,
    realised,
    unrealised,
    fees,
    drawdown,
    positions AS open_positions,
    slices AS pending_slices
FROM last_days
LEFT JOIN held USING account
LEFT JOIN pending USING account
ORDER BY account
