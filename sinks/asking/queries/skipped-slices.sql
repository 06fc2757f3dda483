-- What the slices that were skipped would have made: from the mark at the skip to the exit of their trade.
-- limit = 100: so many at most, the newest
-- Before fees; none while the trade is open, or where the plan bought nothing at all.
WITH skipped AS (
    SELECT *
    FROM slices_now
    WHERE ({account:String} = '' OR account = {account:String})
        AND ({symbol:String} = '' OR symbol = {symbol:String})
        AND ts >= {since:DateTime64(6, 'UTC')} AND ts < {until:DateTime64(6, 'UTC')}
        AND state = 'skipped'
    ORDER BY ts DESC, account, plan_id, number
    LIMIT {limit:UInt64}
)
SELECT
    account,
    ts,
    symbol,
    side,
    plan_id,
    number,
    condition,
    reason,
    measured,
    `limit`,
    quantity,
    arrival,
    mark,
    exit_price,
    if(side = 'buy', 1, -1) * (exit_price - mark) * toDecimal128(quantity, 8) AS would_have_made
FROM skipped
LEFT JOIN (
    SELECT account, plan_id, trade_id
    FROM plan_entries
    WHERE (account, plan_id) IN (SELECT account, plan_id FROM skipped)
) AS entered USING (account, plan_id)
LEFT JOIN (
    SELECT account, trade_id, toNullable(exit_price) AS exit_price
    FROM trades FINAL
    WHERE {account:String} = '' OR account = {account:String}
) AS closed USING (account, trade_id)
ORDER BY ts DESC, account, plan_id, number
