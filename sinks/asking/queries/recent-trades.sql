-- The last trades, the newest first.
-- limit = 20: so many trades at most
SELECT *
FROM closed_trades
WHERE ({account:String} = '' OR account = {account:String})
    AND ({symbol:String} = '' OR symbol = {symbol:String})
    AND exit_ts >= {since:DateTime64(6, 'UTC')} AND exit_ts < {until:DateTime64(6, 'UTC')}
ORDER BY exit_ts DESC, trade_id
LIMIT {limit:UInt64}
