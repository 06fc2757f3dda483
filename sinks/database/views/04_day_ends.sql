-- The account at the end of each day, and the day's return. Days on which its markets were closed have none,
-- and nothing has one behind a day that began with nothing or less.
CREATE OR REPLACE VIEW day_ends AS
SELECT
    account,
    coalesce(toString(day), toString(toDate(ts - INTERVAL 1 MICROSECOND, 'UTC'))) AS day,
    ts,
    balance,
    equity,
    cash,
    realised,
    unrealised,
    drawdown,
    year_days,
    previous,
    if(year_days IS NULL OR least_start <= 0, NULL, toFloat64(worth - start) / start) AS return
FROM (
    SELECT *, min(if(year_days IS NULL, NULL, start)) OVER (PARTITION BY account ORDER BY ts) AS least_start
    FROM (
        SELECT
            *,
            assumeNotNull(balance) AS began_with,
            reinterpretAsInt64(equity) AS worth,
            coalesce(
                anyLast(if(year_days IS NULL, NULL, worth)) OVER past, reinterpretAsInt64(began_with)
            ) AS start,
            coalesce(anyLast(toNullable(equity)) OVER past, balance) AS previous
        FROM equity FINAL
        WHERE day_end
        WINDOW past AS (PARTITION BY account ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    )
)
