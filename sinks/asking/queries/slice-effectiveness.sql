-- What each slice of an entry was good for, by its number: what it cost, and what it earned.
-- Costs are in basis points of what was paid, positive is worse: against the mark when the plan was accepted
-- (arrival), against the average price of the plan's other slices, and against one full entry at the start, which
-- is the price of the plan's first filled slice for the whole quantity; `saved` is that last one in money. `pnl` is
-- the slice's part of its trades' P&L after fees, once they are closed.
WITH
    planned AS (
        SELECT
            account,
            number,
            count() AS planned,
            countIf(state = 'released') AS released,
            countIf(state = 'skipped') AS skipped,
            countIf(state = 'cancelled') AS cancelled
        FROM slices_now
        WHERE ({account:String} = '' OR account = {account:String})
            AND ({symbol:String} = '' OR symbol = {symbol:String})
            AND ts >= {since:DateTime64(6, 'UTC')} AND ts < {until:DateTime64(6, 'UTC')}
        GROUP BY account, number
    ),
    costs AS (
        SELECT
            account,
            number,
            sum(fills) AS fills,
            sum(filled) AS quantity,
            sum(sign * toFloat64(paid - arrived)) / nullIf(sum(toFloat64(arrived)), 0) * 10000 AS cost_bps,
            sum(sign * (toFloat64(paid) - at_others)) / nullIf(sum(at_others), 0) * 10000 AS against_others_bps,
            sum(sign * (toFloat64(paid) - at_first)) / nullIf(sum(at_first), 0) * 10000 AS against_full_entry_bps,
            round(sum(sign * (at_first - toFloat64(paid))), 8) AS saved
        FROM plan_fills
        WHERE ({account:String} = '' OR account = {account:String})
            AND ({symbol:String} = '' OR symbol = {symbol:String})
            AND ts >= {since:DateTime64(6, 'UTC')} AND ts < {until:DateTime64(6, 'UTC')}
        GROUP BY account, number
    ),
    earned AS (
        SELECT account, number, count() AS trades, sum(slice.pnl) AS pnl
        FROM slice_results AS slice
        WHERE ({account:String} = '' OR account = {account:String})
            AND ({symbol:String} = '' OR symbol = {symbol:String})
            AND exit_ts >= {since:DateTime64(6, 'UTC')} AND exit_ts < {until:DateTime64(6, 'UTC')} AND number > 0
        GROUP BY account, number
    )
SELECT
    account,
    number,
    planned,
    released,
    skipped,
    cancelled,
    fills,
    quantity,
    cost_bps,
    against_others_bps,
    against_full_entry_bps,
    saved,
    trades,
    pnl
FROM planned
FULL JOIN costs USING (account, number)
FULL JOIN earned USING (account, number)
ORDER BY account, number
