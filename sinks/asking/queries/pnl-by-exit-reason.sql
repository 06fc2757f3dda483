-- What trades earned by what ended them.
SELECT
    account,
    exit_reason,
    count() AS trades,
    countIf(trade.pnl > 0) AS wins,
    wins / trades AS win_rate,
    sum(trade.pnl) AS pnl,
    sum(trade.fees) AS fees
FROM trades AS trade FINAL
WHERE ({account:String} = '' OR account = {account:String})
    AND ({symbol:String} = '' OR symbol = {symbol:String})
    AND exit_ts >= {since:DateTime64(6, 'UTC')} AND exit_ts < {until:DateTime64(6, 'UTC')}
GROUP BY account, exit_reason
ORDER BY account, pnl DESC, exit_reason
