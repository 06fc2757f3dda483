-- How far each account was below its highest equity so far, over time, thinned so that no extreme is lost.
-- points = 1000: about so many rows an account; 0: all of them
-- Time is cut into a quarter as many parts, and each keeps its first, last, highest and lowest row.
WITH
    curve AS (
        SELECT account, ts, drawdown, (digits, equity_id) AS number, (ts, number, equity, peak, drawdown) AS point
        FROM equity_peaks
        WHERE ({account:String} = '' OR account = {account:String})
            AND ts >= {since:DateTime64(6, 'UTC')} AND ts < {until:DateTime64(6, 'UTC')}
    ),
    parts AS (
        SELECT
            account,
            min(ts) AS first,
            if({points:UInt64} = 0, 1,
               greatest(1, intDiv(dateDiff('microsecond', first, max(ts)) * 4, {points:UInt64}) + 1)) AS length
        FROM curve
        GROUP BY account
    )
SELECT
    account,
    point.1 AS ts,
    point.3 AS equity,
    point.4 AS peak,
    point.5 AS drawdown
FROM (
    SELECT
        account,
        arrayJoin(if(
            {points:UInt64} = 0,
            whole,
            arrayDistinct([
                arraySort(few)[1],
                arraySort(point -> (point.5, -reinterpretAsInt64(point.3), point.1, point.2), few)[1],
                arraySort(point -> (point.5, point.1, point.2), few)[-1],
                arraySort(few)[-1]
            ])
        )) AS point
    FROM (
        -- To compare whole points is slow: that is left to the few that may be one of a part's four.
        SELECT
            account,
            groupArray(point) AS whole,
            min(ts) AS earliest,
            max(ts) AS latest,
            min(curve.drawdown) AS least,
            max(curve.drawdown) AS most,
            arrayFilter(point -> point.1 IN (earliest, latest) OR point.5 IN (least, most), whole) AS few
        FROM curve
        INNER JOIN parts USING account
        GROUP BY account, intDiv(dateDiff('microsecond', first, ts), length)
    )
)
ORDER BY account, point
