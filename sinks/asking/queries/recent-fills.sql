-- The last fills, the newest first.
-- limit = 20: so many at most
-- Only the last times are looked at: FINAL would read every fill there ever was.
SELECT
    account,
    symbol,
    ts,
    multiIf(purpose != 'entry', 'exit', coalesce(slice_number, 1) > 1, 'slice', 'entry') AS kind,
    side,
    price,
    quantity,
    purpose,
    slice_number,
    trade_id,
    signal_id,
    fee,
    order_id,
    fill_id,
    plan_id
FROM fills
WHERE ({account:String} = '' OR account = {account:String})
    AND ({symbol:String} = '' OR symbol = {symbol:String})
    AND ts IN (
        SELECT ts
        FROM fills
        WHERE ({account:String} = '' OR account = {account:String})
            AND ({symbol:String} = '' OR symbol = {symbol:String})
            AND ts >= {since:DateTime64(6, 'UTC')} AND ts < {until:DateTime64(6, 'UTC')}
        GROUP BY ts
        ORDER BY ts DESC
        LIMIT {limit:UInt64}
    )
ORDER BY ts DESC, account DESC, k_offset DESC
LIMIT 1 BY account, ts, fill_id
LIMIT {limit:UInt64}
