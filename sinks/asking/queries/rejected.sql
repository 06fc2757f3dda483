-- What did not trade, and why: refused, skipped, expired and repeated, with how often and what was measured.
SELECT
    account,
    decision,
    reason,
    count() AS times,
    quantileExactInclusive(0.5)(measured) AS median_measured,
    argMax(`limit`, (ts, k_offset)) AS last_limit,
    min(decided.ts) AS first,
    max(decided.ts) AS last
FROM decisions AS decided FINAL
WHERE ({account:String} = '' OR account = {account:String})
    AND ({symbol:String} = '' OR symbol = {symbol:String})
    AND decided.ts >= {since:DateTime64(6, 'UTC')} AND decided.ts < {until:DateTime64(6, 'UTC')}
    AND decision IN ('refused', 'skipped', 'expired', 'duplicate')
GROUP BY account, decision, reason
ORDER BY account, times DESC, decision, reason
