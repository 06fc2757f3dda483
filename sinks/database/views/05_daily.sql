-- A row for each day of an account, in its own time zone. The first has no beginning; the last may still be under
-- way, and has no end then. Balance, realised, unrealised and fees are so far, and add up:
-- equity = balance + realised + unrealised - fees. Win rate and Sharpe are to date.
CREATE OR REPLACE VIEW daily AS
WITH
    days AS (
        SELECT account, day, ts AS until, balance, equity, cash, realised, unrealised, drawdown, previous,
               year_days, return, true AS complete
        FROM day_ends
        UNION ALL
        SELECT
            now.account,
            if(ended.day = '', toString(toDate(now.last.1, 'UTC')), toString(toDate(ended.day) + 1)) AS day,
            toDateTime64('2262-01-01 00:00:00', 6, 'UTC') AS until,
            now.balance,
            now.last.2 AS equity,
            now.last.3 AS cash,
            now.last.4 AS realised,
            now.last.5 AS unrealised,
            now.last.6 AS drawdown,
            if(ended.day = '', now.balance, toNullable(ended.equity)) AS previous,
            NULL AS year_days,
            NULL AS return,
            false AS complete
        FROM (
            SELECT
                account,
                any(balance) AS balance,
                argMax(
                    (ts, equity, cash, realised, unrealised, drawdown, day_end),
                    (ts, length(equity_id), equity_id)
                ) AS last
            FROM equity FINAL
            GROUP BY account
            HAVING NOT last.7
        ) AS now
        LEFT JOIN (
            SELECT account, argMax(day, ts) AS day, argMax(equity, ts) AS equity FROM day_ends GROUP BY account
        ) AS ended USING account
    ),
    traded AS (
        -- A filter by account does not come through an ASOF JOIN to its right side, which is read for all of them: it
        -- is no more than the ends of days. What is behind the last belongs to the day under way.
        SELECT
            trades.account AS account,
            coalesce(ended.until, toDateTime64('2262-01-01 00:00:00', 6, 'UTC')) AS until,
            count() AS trades,
            countIf(pnl > 0) AS wins
        FROM (SELECT account, exit_ts, pnl FROM trades FINAL) AS trades
        ASOF LEFT JOIN (
            SELECT account, ts, toNullable(ts) AS until FROM equity WHERE day_end
        ) AS ended ON trades.account = ended.account AND trades.exit_ts < ended.ts
        GROUP BY account, until
    )
SELECT
    account,
    day,
    equity,
    cash,
    balance,
    realised,
    unrealised,
    balance + realised + unrealised - equity AS fees,
    equity - previous AS pnl,
    return,
    trades,
    wins,
    if(sum(trades) OVER past > 0, sum(wins) OVER past / sum(trades) OVER past, NULL) AS win_rate,
    if(count(return) OVER past >= 5 AND count(return) OVER past = count(year_days) OVER past
           AND stddevSampStable(return) OVER past > 0,
       avg(return) OVER past / stddevSampStable(return) OVER past * sqrt(anyLast(year_days) OVER past),
       NULL) AS sharpe,
    drawdown,
    complete,
    lagInFrame(toNullable(until)) OVER past AS begins,
    if(complete, until, NULL) AS ends
FROM days
LEFT JOIN traded USING (account, until)
WINDOW past AS (PARTITION BY account ORDER BY until ROWS UNBOUNDED PRECEDING)
