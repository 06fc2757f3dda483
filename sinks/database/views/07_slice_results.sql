-- What each slice number contributed to each trade: every unit of a trade was sold at the same average, so the
-- slices differ by their own prices and fees. The parts add up to the trade's P&L, with what was entered
-- without a slice as number 0: they are divided by cumulative shares, each rounded half to even, in the order of
-- the first fills.
CREATE OR REPLACE VIEW slice_results AS
WITH
    (n, d) -> sign(n) * (intDiv(abs(n), d) + (2 * (abs(n) % d) > d - intDiv(abs(n), d) % 2)) AS half_even,
    (total, upto) -> arrayMap(
        (now, before) -> half_even(total * now, upto[-1]) - half_even(total * before, upto[-1]),
        upto, arrayPopBack(arrayPushFront(upto, toInt256(0)))
    ) AS apportion
SELECT
    account,
    trade_id,
    symbol,
    exit_ts,
    number,
    reinterpret(toInt128(part), 'Decimal(38, 8)') AS pnl
FROM (
    SELECT
        account,
        trade_id,
        symbol,
        exit_ts,
        if(side = 'long', 1, -1) AS sign,
        arraySort((number, first) -> first, entered.1, firsts.2) AS numbers,
        arrayCumSum(arraySort((units, first) -> first, arrayMap(units -> toInt256(units), entered.2), firsts.2)) AS upto,
        arraySort((cost, first) -> first, entered.3, firsts.2) AS costs,
        arraySort((fee, first) -> first, entered.4, firsts.2) AS entry_fees,
        apportion(toInt256(arraySum(costs) + sign * reinterpretAsInt64(gross_pnl)), upto) AS proceeds,
        apportion(toInt256(reinterpretAsInt64(trade_fees) - arraySum(entry_fees)), upto) AS later_fees,
        arrayMap((proceed, cost, fee, later) -> sign * (proceed - cost) - fee - later,
                 proceeds, costs, entry_fees, later_fees) AS parts
    FROM (
        SELECT
            account,
            assumeNotNull(fill.trade_id) AS trade_id,
            sumMap([number], [reinterpretAsInt64(quantity)], [toInt64(cost)], [reinterpretAsInt64(fee)]) AS entered,
            minMap([number], [k_offset + 1]) AS firsts
        FROM (
            SELECT
                *,
                assumeNotNull(coalesce(slice_number, 0)) AS number,
                half_even(
                    toInt128(reinterpretAsInt64(price)) * reinterpretAsInt64(quantity), toInt128(100000000)
                ) AS cost
            FROM fills FINAL
            WHERE purpose = 'entry' AND fills.trade_id IS NOT NULL
        ) AS fill
        GROUP BY account, trade_id
    ) AS entries
    INNER JOIN (
        SELECT account, trade_id, symbol, exit_ts, side, gross_pnl, fees AS trade_fees FROM trades FINAL
    ) AS closed USING (account, trade_id)
)
ARRAY JOIN numbers AS number, parts AS part
