-- How long it took from a signal to its first fill, in seconds: on the market's clock, and on the wall's.
-- The wall's is from when Kafka took the signal to when it took the fill.
SELECT
    account,
    clock,
    count() AS entries,
    quantileExactInclusive(0.5)(each) AS p50,
    quantileExactInclusive(0.9)(each) AS p90,
    quantileExactInclusive(0.99)(each) AS p99,
    max(each) AS slowest
FROM (
    SELECT
        accepted.account AS account,
        dateDiff('microsecond', signal.ts, filled.ts) / 1000000 AS market,
        dateDiff('millisecond', signal.k_time, filled.k_time) / 1000 AS wall
    FROM (
        SELECT
            account,
            assumeNotNull(plan_id) AS plan_id,
            assumeNotNull(source) AS source,
            assumeNotNull(signal_id) AS signal_id
        FROM decisions FINAL
        WHERE ({account:String} = '' OR account = {account:String})
            AND ({symbol:String} = '' OR symbol = {symbol:String})
            AND ts >= {since:DateTime64(6, 'UTC')} AND ts < {until:DateTime64(6, 'UTC')}
            AND decision = 'accepted' AND decisions.plan_id IS NOT NULL AND decisions.signal_id IS NOT NULL
    ) AS accepted
    INNER JOIN (
        SELECT source, signal_id, min(known.ts) AS ts, min(known.k_time) AS k_time
        FROM signals AS known FINAL
        GROUP BY source, signal_id
    ) AS signal ON signal.source = accepted.source AND signal.signal_id = accepted.signal_id
    INNER JOIN (
        SELECT account, plan_id, ts, k_time
        FROM plan_entries
        WHERE {account:String} = '' OR account = {account:String}
    ) AS filled ON filled.account = accepted.account AND filled.plan_id = accepted.plan_id
)
ARRAY JOIN ['market', 'wall'] AS clock, [market, wall] AS each
GROUP BY account, clock
ORDER BY account, clock
