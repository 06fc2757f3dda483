-- The last signals, the newest first, and what the accounts made of each.
-- limit = 50: so many at most
-- find = : part of a symbol, a source or an id
WITH
    newest AS (
        SELECT source, signal_id
        FROM signals
        WHERE ({symbol:String} = '' OR symbol = {symbol:String})
            AND ts >= {since:DateTime64(6, 'UTC')} AND ts < {until:DateTime64(6, 'UTC')}
            AND ({find:String} = ''
                OR positionCaseInsensitiveUTF8(concat(symbol, '\n', source, '\n', signal_id), {find:String}) > 0)
        ORDER BY ts DESC, source, signal_id
        LIMIT 1 BY source, signal_id
        LIMIT {limit:UInt64}
    ),
    seen AS (
        SELECT
            source,
            signal_id,
            min(known.ts) AS ts,
            argMin(known.symbol, (known.ts, k_offset)) AS symbol,
            argMin(known.side, (known.ts, k_offset)) AS side,
            argMin(known.confidence, (known.ts, k_offset)) AS confidence,
            count() AS sent
        FROM signals AS known FINAL
        WHERE (source, signal_id) IN (SELECT source, signal_id FROM newest)
        GROUP BY source, signal_id
    ),
    verdicts AS (
        SELECT
            assumeNotNull(decided.source) AS source,
            assumeNotNull(decided.signal_id) AS signal_id,
            countIf(decision = 'accepted') AS accepted,
            countIf(decision IN ('refused', 'expired')) AS refused,
            countIf(decision = 'duplicate') AS duplicates,
            arraySort(groupUniqArrayIf(reason, reason != '' AND decision != 'skipped')) AS reasons
        FROM decisions AS decided FINAL
        WHERE ({account:String} = '' OR account = {account:String})
            AND decided.signal_id IN (SELECT signal_id FROM newest) AND decided.source IS NOT NULL
        GROUP BY source, signal_id
    )
SELECT
    ts,
    source,
    signal_id,
    symbol,
    side,
    confidence,
    sent,
    accepted,
    refused,
    duplicates,
    arrayStringConcat(reasons, ', ') AS reasons
FROM seen
LEFT JOIN verdicts USING (source, signal_id)
ORDER BY ts DESC, source, signal_id
