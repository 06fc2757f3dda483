-- When a breaker stopped an account, the newest first: what was measured, and the limit that it reached.
SELECT account, ts, reason AS breaker, measured, `limit`
FROM decisions FINAL
WHERE ({account:String} = '' OR account = {account:String})
    AND ts >= {since:DateTime64(6, 'UTC')} AND ts < {until:DateTime64(6, 'UTC')}
    AND decision = 'tripped'
ORDER BY ts DESC, account, breaker
