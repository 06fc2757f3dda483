-- One signal as a tree: what each account decided, its slices, orders and fills, and the trade with its exit.
-- signal_id: the signal
-- source = : where it comes from, if several sources use the same id
-- A row's path is its parent's and its own place there: in the order of the paths the rows are the tree. A signal that
-- reverses or closes a position has that position's trade below its decision.
WITH
    (rank, id) -> concat(rank, leftPad(toString(length(id)), 3, '0'), id) AS place,
    (keys, account, id) -> arrayMap(
        key -> key.3, arrayFilter(key -> key.1 = account AND key.2 = id, keys)
    ) AS paths_of,
    (paths, number) -> arrayMap(
        path -> arrayPushBack(path, place('1', toString(coalesce(number, 0)))), paths
    ) AS slices_of,
    (keys, id) -> has(arrayMap(key -> key.2, keys), id) AS has_id,
    verdicts AS (
        SELECT
            [toString(assumeNotNull(source)), toString(account), place('1', decision_id)] AS path,
            account, ts, decision_id, decision, symbol, plan_id, reason, measured, `limit`
        FROM decisions FINAL
        WHERE signal_id = {signal_id:String}
            AND ({source:String} = '' OR source = {source:String})
            AND ({account:String} = '' OR account = {account:String})
            AND decision != 'skipped'
    ),
    -- Found once, however often they are looked at: the accounts, (account, plan, path) and (account, lot, path).
    -- PREWHERE leaves rows out before FINAL compares them, which is right where a row told twice names the same plan and lot.
    (SELECT groupUniqArray(toString(account)) FROM verdicts) AS accounts,
    (
        SELECT groupArray((toString(account), assumeNotNull(plan_id), path))
        FROM verdicts
        WHERE plan_id IS NOT NULL
    ) AS plans,
    (
        SELECT groupUniqArray((toString(account), lot, arrayPushBack(path, place('2', lot))))
        FROM (
            SELECT account, assumeNotNull(lot_id) AS lot, arrayJoin(paths_of(plans, account, plan_id)) AS path
            FROM fills
            WHERE has(accounts, account) AND purpose = 'entry' AND lot_id IS NOT NULL AND has_id(plans, plan_id)
            UNION ALL
            SELECT account, assumeNotNull(lot_id), path
            FROM orders
            INNER JOIN verdicts ON orders.account = verdicts.account AND orders.symbol = verdicts.symbol
                AND orders.created = verdicts.ts
            WHERE has(accounts, account) AND purpose IN ('reverse_signal', 'flat_signal') AND lot_id IS NOT NULL
        )
    ) AS lots
SELECT
    path, kind, ts, account, id, state, symbol, side, quantity, price, entry_price, pnl, fees, reason, measured,
    `limit`, detail
FROM (
    SELECT
        [toString(source)] AS path, 'signal' AS kind, ts, '' AS account, signal_id AS id, '' AS state,
        toString(symbol) AS symbol, toString(side) AS side, quantity, price, NULL AS entry_price, NULL AS pnl,
        NULL AS fees, '' AS reason, confidence AS measured, NULL AS `limit`,
        arrayStringConcat(arrayMap((name, value) -> concat(name, ' ', toString(value)),
                                   mapKeys(features), mapValues(features)), ', ') AS detail
    FROM signals FINAL
    WHERE signal_id = {signal_id:String} AND ({source:String} = '' OR source = {source:String})
    UNION ALL
    SELECT
        path, 'decision', ts, account, decision_id, toString(decision), coalesce(toString(symbol), ''), '', NULL,
        NULL, NULL, NULL, NULL, reason, measured, `limit`, coalesce(plan_id, '')
    FROM verdicts
    UNION ALL
    SELECT
        arrayJoin(slices_of(paths_of(plans, account, plan_id), number)), 'slice', now.1, account, slice_id,
        states, symbol, side, now.2, now.3, NULL, NULL, NULL, now.4, now.5, now.6,
        concat(toString(number), ' of ', toString(`of`))
    FROM (
        SELECT
            account, plan_id, slice_id, number, `of`, any(symbol) AS symbol, toString(any(side)) AS side,
            arrayStringConcat(arrayMap(state -> toString(state), arraySort(groupArray(slice.state))), ' → ') AS states,
            argMax((ts, quantity, mark, reason, measured, `limit`), slice.state) AS now
        FROM slices AS slice FINAL
        PREWHERE has(accounts, account) AND has_id(plans, plan_id)
        GROUP BY account, plan_id, slice_id, number, `of`
    )
    UNION ALL
    SELECT
        arrayPushBack(
            arrayJoin(if(purpose = 'entry',
                         slices_of(paths_of(plans, account, plan), number),
                         paths_of(lots, account, lot))),
            place('1', order_id)
        ),
        'order', now.1, account, order_id, states, symbol, side, now.2, now.3, NULL, NULL, now.4, now.5, NULL, NULL,
        order_type
    FROM (
        SELECT
            account, order_id, any(plan_id) AS plan, any(slice_number) AS number, any(lot_id) AS lot,
            any(purpose) AS purpose, any(symbol) AS symbol, toString(any(side)) AS side,
            toString(any(order_type)) AS order_type,
            arrayStringConcat(
                arrayMap(each -> toString(each.3), arraySort(groupArray((told.ts, filled, told.state, k_offset)))),
                ' → '
            ) AS states,
            argMax((ts, quantity, average_price, told.fees, reason),
                   (told.ts, filled, told.state, k_offset)) AS now
        FROM orders AS told FINAL
        PREWHERE has(accounts, account)
            AND if(told.purpose = 'entry', has_id(plans, plan_id), has_id(lots, lot_id))
        GROUP BY account, order_id
    )
    UNION ALL
    SELECT
        arrayConcat(
            arrayJoin(if(purpose = 'entry',
                         slices_of(paths_of(plans, account, plan_id), slice_number),
                         paths_of(lots, account, lot_id))),
            [place('1', order_id), place('1', fill_id)]
        ),
        'fill', ts, account, fill_id, '', symbol, toString(side), quantity, price, NULL, NULL, fee, '', NULL, NULL, ''
    FROM fills FINAL
    PREWHERE has(accounts, account) AND if(purpose = 'entry', has_id(plans, plan_id), has_id(lots, lot_id))
    UNION ALL
    SELECT
        arrayJoin(paths_of(lots, account, lot)), 'trade', exit_ts, account, trade_id, toString(outcome), symbol,
        toString(side), quantity, exit_price, entry_price, pnl, fees, exit_reason, NULL, NULL, ''
    FROM (SELECT * FROM trades FINAL WHERE has(accounts, account)) AS trades
    INNER JOIN (
        SELECT DISTINCT account, assumeNotNull(trade_id) AS trade_id, assumeNotNull(lot_id) AS lot
        FROM fills
        WHERE has(accounts, account) AND fills.trade_id IS NOT NULL AND has_id(lots, lot_id)
    ) AS traded USING (account, trade_id)
    UNION ALL
    SELECT
        arrayJoin(paths_of(lots, account, position_id)), 'position', ts, account, position_id, 'open', symbol,
        toString(side), quantity, mark, average_price, unrealised, fees, '', NULL, NULL, ''
    FROM positions_open
    WHERE has_id(lots, position_id)
)
ORDER BY path, ts
