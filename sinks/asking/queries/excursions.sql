-- How far each trade went against (MAE) and for (MFE) its entry, in price, percent and R.
-- limit = 100: so many trades at most, the newest
-- A negative one never went there. R is known where the position had a stop on the losing side: the distance to the
-- last one that was told.
SELECT
    account,
    trade_id,
    symbol,
    side,
    outcome,
    exit_ts,
    mae,
    mfe,
    mae_pct,
    mfe_pct,
    risk,
    mae_r,
    mfe_r,
    result_r
FROM trade_excursions
WHERE ({account:String} = '' OR account = {account:String})
    AND ({symbol:String} = '' OR symbol = {symbol:String})
    AND exit_ts >= {since:DateTime64(6, 'UTC')} AND exit_ts < {until:DateTime64(6, 'UTC')}
ORDER BY exit_ts DESC, account, trade_id
LIMIT {limit:UInt64}
