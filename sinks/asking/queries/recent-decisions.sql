-- The last decisions, the newest first, each with its reason.
-- limit = 20: so many at most
SELECT
    account,
    ts,
    decision,
    symbol,
    reason,
    measured,
    `limit`,
    source,
    signal_id,
    command_id,
    plan_id,
    decision_id
FROM decisions AS told FINAL
WHERE ({account:String} = '' OR account = {account:String})
    AND ({symbol:String} = '' OR symbol = {symbol:String})
    AND told.ts >= {since:DateTime64(6, 'UTC')} AND told.ts < {until:DateTime64(6, 'UTC')}
ORDER BY ts DESC, account, length(decision_id) DESC, decision_id DESC
LIMIT {limit:UInt64}
