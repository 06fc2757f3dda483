-- The theories behind the trades, the best first: what each earned by its weight.
SELECT
    account,
    theory,
    count() AS trades,
    countIf(trade_pnl > 0) AS wins,
    wins / trades AS win_rate,
    avg(share) AS average_share,
    sum(result.pnl) AS pnl
FROM theory_results AS result
WHERE ({account:String} = '' OR account = {account:String})
    AND ({symbol:String} = '' OR symbol = {symbol:String})
    AND exit_ts >= {since:DateTime64(6, 'UTC')} AND exit_ts < {until:DateTime64(6, 'UTC')}
GROUP BY account, theory
ORDER BY account, pnl DESC, theory
