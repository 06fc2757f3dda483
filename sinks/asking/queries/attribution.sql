-- What of each trade's P&L belongs to which of the theories behind it, by their weights.
-- limit = 100: so many rows at most, the newest trades first
SELECT
    account,
    trade_id,
    symbol,
    exit_ts,
    theory,
    share,
    pnl,
    trade_pnl
FROM theory_results
WHERE ({account:String} = '' OR account = {account:String})
    AND ({symbol:String} = '' OR symbol = {symbol:String})
    AND exit_ts >= {since:DateTime64(6, 'UTC')} AND exit_ts < {until:DateTime64(6, 'UTC')}
ORDER BY exit_ts DESC, account, trade_id, theory
LIMIT {limit:UInt64}
