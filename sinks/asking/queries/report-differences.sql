-- Signals whose trades are not the same in all accounts: the largest difference in P&L first, a row an account.
-- accounts = 2: how many accounts are compared
-- limit = 20: so many signals at most
-- A trade that no signal asked for is its account's own. An account without a trade says what it last decided on the
-- signal; one that did nothing about it has no row.
WITH
    closed AS (
        SELECT
            coalesce(source, '') AS origin,
            coalesce(signal_id, trade_id) AS signal,
            symbol,
            account,
            count() AS trades,
            min(entry_ts) AS entered,
            max(exit_ts) AS ended,
            argMin(entry_price, (entry_ts, trade_id)) AS entry_price,
            argMax(exit_price, (exit_ts, trade_id)) AS exit_price,
            argMax(exit_reason, (exit_ts, trade_id)) AS exit_reason,
            sum(pnl) AS pnl
        FROM trades FINAL
        GROUP BY origin, signal, symbol, account
    ),
    differing AS (
        SELECT
            origin,
            signal,
            symbol,
            min(entered) AS first,
            count() < {accounts:UInt64} AS is_missing,
            if(is_missing, greatest(max(pnl), 0), max(pnl)) - if(is_missing, least(min(pnl), 0), min(pnl)) AS difference,
            count() OVER () AS signals
        FROM closed
        GROUP BY origin, signal, symbol
        HAVING is_missing OR difference != 0 OR uniqExact(exit_reason) > 1
        ORDER BY difference DESC, first, signal
        LIMIT {limit:UInt64}
    ),
    decided AS (
        SELECT
            coalesce(source, '') AS origin,
            assumeNotNull(signal_id) AS signal,
            assumeNotNull(symbol) AS symbol,
            account,
            argMax(
                multiIf(is_held, 'held', decision = 'accepted', 'accepted', concat(toString(decision), ' ', reason)),
                (is_held, ts, length(decision_id), decision_id)
            ) AS became
        FROM (
            SELECT *, (account, plan_id) IN (SELECT account, plan_id FROM positions_open) AS is_held
            FROM decisions FINAL
        )
        WHERE signal_id IS NOT NULL AND symbol IS NOT NULL AND decision != 'duplicate'
        GROUP BY origin, signal, symbol, account
    )
SELECT
    origin AS source,
    signal,
    symbol,
    account,
    if(trades > 0, toNullable(entered), NULL) AS entry_ts,
    if(trades > 0, toNullable(ended), NULL) AS exit_ts,
    if(trades > 0, toNullable(entry_price), NULL) AS entry_price,
    if(trades > 0, toNullable(exit_price), NULL) AS exit_price,
    exit_reason,
    if(trades > 0, toNullable(pnl), NULL) AS pnl,
    if(trades > 0, '', became) AS became,
    difference,
    signals
FROM differing
INNER JOIN (
    SELECT origin, signal, symbol, account FROM closed
    UNION DISTINCT SELECT origin, signal, symbol, account FROM decided
) AS known USING (origin, signal, symbol)
LEFT JOIN closed USING (origin, signal, symbol, account)
LEFT JOIN decided USING (origin, signal, symbol, account)
ORDER BY difference DESC, first, signal, account
