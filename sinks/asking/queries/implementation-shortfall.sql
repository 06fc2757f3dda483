-- What it cost not to have the whole of each plan at its arrival price: in worse fills, in fees, in what was not filled.
-- Positive is worse. What a plan's skipped and cancelled slices and unfilled orders left out is measured to the exit
-- of its trade, else to the mark of its open position, else to the last mark that one of its slices saw, else it
-- cost nothing. Slices that still wait are left out, and so are the fees of exits.
SELECT
    account,
    symbol,
    count() AS plans,
    sum(intended) AS intended,
    sum(filled) / sum(quantity) AS filled_share,
    sum(worse_fills) AS worse_fills,
    sum(not_filled) AS not_filled,
    sum(entry_fees) AS fees,
    worse_fills + not_filled + fees AS shortfall,
    shortfall / nullIf(intended, 0) * 10000 AS shortfall_bps
FROM (
    SELECT
        account,
        symbol,
        toFloat64(quantity) AS quantity,
        toFloat64(filled) AS filled,
        toFloat64(fees) AS entry_fees,
        toFloat64(arrival) * quantity AS intended,
        sign * (toFloat64(paid) - toFloat64(arrival) * filled) AS worse_fills,
        sign * toFloat64(coalesce(closed.exit_price, held.mark, last_mark, arrival) - arrival)
            * (quantity - filled) AS not_filled
    FROM (
        SELECT
            account,
            plan_id,
            any(symbol) AS symbol,
            if(any(side) = 'buy', 1, -1) AS sign,
            any(arrival) AS arrival,
            sum(slice.quantity) AS quantity,
            argMaxIf(mark, ts, mark IS NOT NULL) AS last_mark
        FROM slices_now AS slice
        WHERE ({account:String} = '' OR account = {account:String})
            AND ({symbol:String} = '' OR slice.symbol = {symbol:String})
            AND due >= {since:DateTime64(6, 'UTC')} AND due < {until:DateTime64(6, 'UTC')}
            AND state != 'armed'
        GROUP BY account, plan_id
    ) AS plan
    LEFT JOIN (
        SELECT account, plan_id, trade_id, lot_id, filled, paid, fees
        FROM plan_entries
        WHERE {account:String} = '' OR account = {account:String}
    ) AS entered USING (account, plan_id)
    LEFT JOIN (
        SELECT account, trade_id, toNullable(exit_price) AS exit_price
        FROM trades FINAL
        WHERE {account:String} = '' OR account = {account:String}
    ) AS closed USING (account, trade_id)
    LEFT JOIN (SELECT account, position_id AS lot_id, toNullable(mark) AS mark FROM positions_open) AS held
        USING (account, lot_id)
)
GROUP BY account, symbol
ORDER BY account, symbol
