-- The trades that won most.
-- limit = 20: so many trades at most
SELECT *
FROM closed_trades
WHERE ({account:String} = '' OR account = {account:String})
    AND ({symbol:String} = '' OR symbol = {symbol:String})
    AND exit_ts >= {since:DateTime64(6, 'UTC')} AND exit_ts < {until:DateTime64(6, 'UTC')}
ORDER BY pnl DESC, exit_ts, trade_id
LIMIT {limit:UInt64}
