-- The slices that wait, in the order in which they are due, and what each waits for.
-- as_of is the newest market time at which the account was told of; from then to the due time it is due_in_seconds.
WITH told AS (
    SELECT account, max(last) AS as_of
    FROM (
        SELECT account, max(ts) AS last FROM equity GROUP BY account
        UNION ALL SELECT account, max(ts) FROM positions GROUP BY account
        UNION ALL SELECT account, max(ts) FROM decisions GROUP BY account
        UNION ALL SELECT account, max(ts) FROM slices GROUP BY account
    )
    WHERE {account:String} = '' OR account = {account:String}
    GROUP BY account
)
SELECT
    account,
    symbol,
    side,
    number,
    `of`,
    quantity,
    arrival,
    condition,
    due,
    as_of,
    (toUnixTimestamp64Micro(due) - toUnixTimestamp64Micro(as_of)) / 1000000 AS due_in_seconds,
    signal_id,
    plan_id,
    slice_id
FROM slices_now
INNER JOIN told USING account
WHERE state = 'armed'
    AND ({account:String} = '' OR account = {account:String})
    AND ({symbol:String} = '' OR symbol = {symbol:String})
    AND due >= {since:DateTime64(6, 'UTC')} AND due < {until:DateTime64(6, 'UTC')}
ORDER BY due, account, slice_id
