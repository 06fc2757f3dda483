-- How each account did: its trades, what they came to, and at which risk.
-- Of days, those that ended in the span; the return is from the equity at its beginning. A drawdown is from the highest
-- equity ever. Money is exact, averages are rounded half to even to 1e-8.
WITH
    (total, count) -> if(
        count > 0, toDecimal128(roundBankers(divideDecimal(total, toDecimal128(count, 0), 20), 8), 8), NULL
    ) AS mean_money,
    closed AS (
        SELECT
            account,
            count() AS trades,
            countIf(pnl > 0) AS wins,
            countIf(pnl < 0) AS losses,
            sumIf(pnl, pnl > 0) AS won,
            sumIf(pnl, pnl < 0) AS lost,
            sum(pnl) AS net_pnl,
            sum(gross_pnl) AS gross_pnl,
            sum(fees) AS fees,
            toNullable(max(pnl)) AS best_trade,
            toNullable(min(pnl)) AS worst_trade,
            sum(toUnixTimestamp64Micro(exit_ts) - toUnixTimestamp64Micro(entry_ts)) AS held,
            countIf(ambiguous) AS ambiguous
        FROM trades FINAL
        WHERE ({account:String} = '' OR account = {account:String})
            AND exit_ts >= {since:DateTime64(6, 'UTC')} AND exit_ts < {until:DateTime64(6, 'UTC')}
        GROUP BY account
    ),
    worth AS (
        SELECT
            account,
            ts,
            equity_id,
            balance,
            equity,
            ts < {since:DateTime64(6, 'UTC')} OR (day_end AND ts = {since:DateTime64(6, 'UTC')}) AS earlier
        FROM equity FINAL
        WHERE ({account:String} = '' OR account = {account:String})
            AND (ts < {until:DateTime64(6, 'UTC')} OR (day_end AND ts = {until:DateTime64(6, 'UTC')}))
    ),
    starts AS (
        SELECT
            account,
            if(countIf(earlier) > 0,
               toNullable(argMaxIf(equity, (ts, length(equity_id), equity_id), earlier)),
               any(balance)) AS start_equity,
            coalesce(
                if(countIf(NOT earlier) > 0,
                   toNullable(argMaxIf(equity, (ts, length(equity_id), equity_id), NOT earlier)),
                   NULL),
                start_equity
            ) AS end_equity
        FROM worth
        GROUP BY account
    ),
    falls AS (
        SELECT account, max(drawdown) AS max_drawdown
        FROM equity_peaks
        WHERE ({account:String} = '' OR account = {account:String})
            AND ts >= {since:DateTime64(6, 'UTC')}
            AND (ts < {until:DateTime64(6, 'UTC')} OR (day_end AND ts = {until:DateTime64(6, 'UTC')}))
        GROUP BY account
    ),
    days AS (
        SELECT
            account,
            count() AS days,
            toFloat64(argMax(equity, ts)) AS last_equity,
            countIf(year_days IS NOT NULL AND return IS NULL) > 0 AS ruined,
            count(return) AS returns,
            avg(return) AS mean,
            stddevSampStable(return) AS deviation,
            sqrt(avgIf(pow(least(return, 0.), 2), return IS NOT NULL)) AS downside,
            argMax(year_days, ts) AS a_year
        FROM day_ends
        WHERE ({account:String} = '' OR account = {account:String})
            AND ts > {since:DateTime64(6, 'UTC')} AND ts <= {until:DateTime64(6, 'UTC')}
        GROUP BY account
    ),
    lots AS (
        SELECT account, entry_ts AS began, exit_ts AS ended FROM trades FINAL
        UNION ALL
        SELECT account, opened, toDateTime64('2262-01-01 00:00:00', 6, 'UTC') FROM positions_open
    ),
    spans AS (
        SELECT
            account,
            greatest(min(first), {since:DateTime64(6, 'UTC')}) AS first,
            least(max(last), {until:DateTime64(6, 'UTC')}) AS last
        FROM (
            SELECT account, min(ts) AS first, max(ts) AS last FROM decisions GROUP BY account
            UNION ALL SELECT account, min(ts), max(ts) FROM slices GROUP BY account
            UNION ALL SELECT account, min(ts), max(ts) FROM orders GROUP BY account
            UNION ALL SELECT account, min(ts), max(ts) FROM positions GROUP BY account
            UNION ALL SELECT account, min(ts), max(ts) FROM equity GROUP BY account
            UNION ALL SELECT account, min(ts), max(ts) FROM alerts GROUP BY account
        )
        WHERE {account:String} = '' OR account = {account:String}
        GROUP BY account
    ),
    exposures AS (
        SELECT
            account,
            toUnixTimestamp64Micro(any(last)) - toUnixTimestamp64Micro(any(first)) AS span,
            if(span > 0, sum(greatest(ended - greatest(began, covered), 0)) / span, NULL) AS exposure_time
        FROM (
            SELECT
                account,
                spans.first AS first,
                spans.last AS last,
                toUnixTimestamp64Micro(greatest(lots.began, spans.first)) AS began,
                toUnixTimestamp64Micro(least(lots.ended, spans.last)) AS ended,
                max(ended) OVER (
                    PARTITION BY account ORDER BY began, ended ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS covered
            FROM (
                SELECT account, began, ended FROM lots
                UNION ALL SELECT account, first, first FROM spans
            ) AS lots
            INNER JOIN spans USING account
            WHERE lots.ended >= spans.first AND lots.began <= spans.last
        )
        GROUP BY account
    )
SELECT
    account,
    trades,
    wins,
    losses,
    trades - wins - losses AS breakevens,
    if(trades > 0, wins / trades, NULL) AS win_rate,
    if(lost < 0, toFloat64(won) / -toFloat64(lost), NULL) AS profit_factor,
    mean_money(net_pnl, trades) AS expectancy,
    net_pnl,
    gross_pnl,
    fees,
    mean_money(won, wins) AS average_win,
    mean_money(lost, losses) AS average_loss,
    best_trade,
    worst_trade,
    if(trades > 0, held / (trades * 1000000), NULL) AS average_hold_seconds,
    start_equity,
    end_equity,
    if(start_equity > 0, toFloat64(end_equity - start_equity) / toFloat64(start_equity), NULL) AS total_return,
    days,
    if(returns >= 5 AND NOT ruined AND deviation > 0, mean / deviation * sqrt(a_year), NULL) AS sharpe,
    if(returns >= 5 AND NOT ruined AND downside > 0, mean / downside * sqrt(a_year), NULL) AS sortino,
    multiIf(days < 7 OR start_equity <= 0, NULL, last_equity <= 0, -1.,
            pow(last_equity / toFloat64(start_equity), 365 / days) - 1) AS cagr,
    max_drawdown,
    exposure_time,
    if(trades > 0, ambiguous / trades, NULL) AS ambiguous_share
FROM spans
LEFT JOIN closed USING account
LEFT JOIN starts USING account
LEFT JOIN falls USING account
LEFT JOIN days USING account
LEFT JOIN exposures USING account
ORDER BY account
