-- How far trades usually went against and for their entry, by outcome: where stops and targets belong.
-- That share of the trades went no farther.
SELECT
    account,
    outcome,
    share,
    trades,
    against_pct AS mae_pct,
    in_favour_pct AS mfe_pct,
    if(isNaN(against_r), NULL, against_r) AS mae_r,
    if(isNaN(in_favour_r), NULL, in_favour_r) AS mfe_r
FROM (
    SELECT
        account,
        arrayJoin(['all', toString(trade.outcome)]) AS outcome,
        count() AS trades,
        quantilesExactInclusive(0.25, 0.5, 0.75, 0.9)(mae_pct) AS against_pcts,
        quantilesExactInclusive(0.25, 0.5, 0.75, 0.9)(mfe_pct) AS in_favour_pcts,
        quantilesExactInclusive(0.25, 0.5, 0.75, 0.9)(mae_r) AS against_rs,
        quantilesExactInclusive(0.25, 0.5, 0.75, 0.9)(mfe_r) AS in_favour_rs
    FROM trade_excursions AS trade
    WHERE ({account:String} = '' OR account = {account:String})
        AND ({symbol:String} = '' OR symbol = {symbol:String})
        AND exit_ts >= {since:DateTime64(6, 'UTC')} AND exit_ts < {until:DateTime64(6, 'UTC')}
    GROUP BY account, outcome
)
ARRAY JOIN
    [0.25, 0.5, 0.75, 0.9] AS share,
    against_pcts AS against_pct,
    in_favour_pcts AS in_favour_pct,
    against_rs AS against_r,
    in_favour_rs AS in_favour_r
ORDER BY account, outcome, share
