-- The trades that lost most.
-- limit = 20: so many trades at most
SELECT
    account,
    trade_id,
    symbol,
    side,
    quantity,
    entry_price,
    exit_price,
    entry_ts,
    exit_ts,
    exit_reason,
    pnl,
    pnl_pct,
    fees,
    outcome,
    slices,
    ambiguous,
    source,
    signal_id
FROM trades FINAL
WHERE ({account:String} = '' OR account = {account:String})
    AND ({symbol:String} = '' OR symbol = {symbol:String})
    AND exit_ts >= {since:DateTime64(6, 'UTC')} AND exit_ts < {until:DateTime64(6, 'UTC')}
ORDER BY pnl, exit_ts, trade_id
LIMIT {limit:UInt64}
