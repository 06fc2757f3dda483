-- What trades earned by the hour (UTC) in which they ended.
SELECT
    account,
    toHour(exit_ts, 'UTC') AS hour,
    count() AS trades,
    countIf(trade.pnl > 0) AS wins,
    wins / trades AS win_rate,
    sum(trade.pnl) AS pnl,
    sum(trade.fees) AS fees
FROM trades AS trade FINAL
WHERE ({account:String} = '' OR account = {account:String})
    AND ({symbol:String} = '' OR symbol = {symbol:String})
    AND exit_ts >= {since:DateTime64(6, 'UTC')} AND exit_ts < {until:DateTime64(6, 'UTC')}
GROUP BY account, hour
ORDER BY account, hour
