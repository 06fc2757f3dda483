-- What each slice number contributed to each trade: every unit of a trade was sold at the same average, so the
-- slices differ by their own prices and fees. The parts add up to the trade's P&L, with what was entered
-- without a slice as number 0: they are divided by cumulative shares, each rounded half to even, in the order of
-- the first fills.
-- Two sums of money as a message has them, 64 bits each, have a product of 128: nothing wider is needed.
CREATE OR REPLACE VIEW slice_results AS
WITH
    (n, d) -> sign(n) * (intDiv(abs(n), d) + (2 * (abs(n) % d) > d - intDiv(abs(n), d) % 2)) AS half_even,
    (sums, ends) -> arrayFilter((sum, end) -> end, arrayCumSum(sums), ends) AS upto
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
        arraySort(fill -> indexOf(entered.2, fill.2), entered) AS slices,
        arrayMap((now, next) -> now != next, slices.2, arrayPushBack(arrayPopFront(slices.2), -1)) AS ends,
        arrayFilter((number, end) -> end, slices.2, ends) AS numbers,
        upto(slices.3, ends) AS units,
        upto(slices.4, ends) AS costs,
        upto(slices.5, ends) AS entry_fees,
        toInt128(costs[-1]) + sign * reinterpretAsInt64(gross_pnl) AS proceeds,
        toInt128(reinterpretAsInt64(trade_fees)) - entry_fees[-1] AS later_fees,
        toInt128(units[-1]) AS all_units,
        arrayMap(
            (unit, cost, fee) -> sign * (half_even(proceeds * unit, all_units) - cost)
                - fee - half_even(later_fees * unit, all_units),
            units, costs, entry_fees
        ) AS earned,
        arrayMap((now, before) -> now - before, earned, arrayPopBack(arrayPushFront(earned, toInt128(0)))) AS parts
    FROM (
        SELECT
            account,
            assumeNotNull(fill.trade_id) AS trade_id,
            arraySort(groupArray((
                k_offset,
                assumeNotNull(coalesce(slice_number, 0)),
                reinterpretAsInt64(quantity),
                toInt64(half_even(
                    toInt128(reinterpretAsInt64(price)) * reinterpretAsInt64(quantity), toInt128(100000000)
                )),
                reinterpretAsInt64(fee)
            ))) AS entered
        FROM fills AS fill FINAL
        WHERE purpose = 'entry' AND fill.trade_id IS NOT NULL
        GROUP BY account, trade_id
    ) AS entries
    INNER JOIN (
        SELECT account, trade_id, symbol, exit_ts, side, gross_pnl, fees AS trade_fees FROM trades FINAL
    ) AS closed USING (account, trade_id)
)
ARRAY JOIN numbers AS number, parts AS part
