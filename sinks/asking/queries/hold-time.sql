-- How long trades were held, in seconds, by how they ended.
SELECT
    account,
    arrayJoin(['all', toString(trade.outcome)]) AS outcome,
    count() AS trades,
    avg(seconds) AS average,
    quantileExactInclusive(0.5)(seconds) AS median,
    quantileExactInclusive(0.9)(seconds) AS p90,
    min(seconds) AS shortest,
    max(seconds) AS longest
FROM (
    SELECT *, dateDiff('microsecond', entry_ts, exit_ts) / 1000000 AS seconds
    FROM trades FINAL
    WHERE ({account:String} = '' OR account = {account:String})
        AND ({symbol:String} = '' OR symbol = {symbol:String})
        AND exit_ts >= {since:DateTime64(6, 'UTC')} AND exit_ts < {until:DateTime64(6, 'UTC')}
) AS trade
GROUP BY account, outcome
ORDER BY account, outcome
