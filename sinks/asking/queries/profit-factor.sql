-- What was won for each unit that was lost, by account, and for longs and shorts apart.
SELECT
    account,
    arrayJoin(['all', toString(trade.side)]) AS side,
    count() AS trades,
    sumIf(pnl, pnl > 0) AS won,
    -sumIf(pnl, pnl < 0) AS lost,
    if(lost > 0, toFloat64(won) / toFloat64(lost), NULL) AS profit_factor
FROM trades AS trade FINAL
WHERE ({account:String} = '' OR account = {account:String})
    AND ({symbol:String} = '' OR symbol = {symbol:String})
    AND exit_ts >= {since:DateTime64(6, 'UTC')} AND exit_ts < {until:DateTime64(6, 'UTC')}
GROUP BY account, side
ORDER BY account, side
