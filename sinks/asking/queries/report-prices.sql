-- A symbol's price over time for a chart: of bars where some are stored, else of ticks.
-- points = 600: about so many
WITH
    priced AS (
        SELECT 'bars' AS source, k_topic, ts + toIntervalMicrosecond(coalesce(interval, 60000000)) AS at,
               toFloat64(close) AS price
        FROM bars
        WHERE symbol = {symbol:String}
        UNION ALL
        SELECT 'ticks' AS source, k_topic, ts AS at,
               coalesce(toFloat64(price), (toFloat64(bid) + toFloat64(ask)) / 2) AS price
        FROM ticks
        WHERE symbol = {symbol:String}
    ),
    thinned AS (
        SELECT source, k_topic, max(at) AS ts, argMax(price, at) AS last
        FROM priced
        WHERE at >= {since:DateTime64(6, 'UTC')} AND at < {until:DateTime64(6, 'UTC')}
        GROUP BY source, k_topic, intDiv(
            dateDiff('microsecond', {since:DateTime64(6, 'UTC')}, at),
            1 + intDiv(dateDiff('microsecond', {since:DateTime64(6, 'UTC')}, {until:DateTime64(6, 'UTC')}), {points:UInt64})
        )
    )
SELECT source, ts, last AS price
FROM thinned
WHERE (source, k_topic) IN (
    SELECT source, k_topic FROM thinned GROUP BY source, k_topic ORDER BY source, count() DESC, k_topic LIMIT 1
)
ORDER BY ts
