-- What is held, as it was last told, and where its exits lie.
SELECT
    account,
    symbol,
    side,
    quantity,
    average_price,
    mark,
    cost,
    unrealised,
    if(cost > 0, toFloat64(unrealised) / toFloat64(cost), NULL) AS unrealised_share,
    realised,
    fees,
    stop,
    trailing,
    target,
    time_limit,
    opened,
    ts,
    signal_id,
    plan_id,
    position_id
FROM positions_open
WHERE ({account:String} = '' OR account = {account:String})
    AND ({symbol:String} = '' OR symbol = {symbol:String})
    AND opened >= {since:DateTime64(6, 'UTC')} AND opened < {until:DateTime64(6, 'UTC')}
ORDER BY account, opened, position_id
