-- What each theory behind a trade contributed: the trade's P&L shared by the theories' weights. The parts add
-- up to the P&L: they are divided by cumulative shares, each rounded half to even. Weights count as they are
-- stored, to the last bit. A trade whose weights add up to nothing is left out.
CREATE OR REPLACE VIEW theory_results AS
WITH
    (n, d) -> sign(n) * (intDiv(abs(n), d) + (2 * (abs(n) % d) > d - intDiv(abs(n), d) % 2)) AS half_even,
    (weight) -> toInt256(toInt64(trunc(weight * exp2(32)))) * bitShiftLeft(toInt256(1), 62)
        + toInt64((weight * exp2(32) - trunc(weight * exp2(32))) * exp2(62)) AS whole
SELECT
    account,
    trade_id,
    symbol,
    exit_ts,
    theory,
    share,
    reinterpret(toInt128(part), 'Decimal(38, 8)') AS pnl,
    trade_pnl
FROM (
    SELECT
        account,
        trade_id,
        symbol,
        exit_ts,
        pnl AS trade_pnl,
        arraySort(arrayFilter(name -> isFinite(theories[name]), mapKeys(theories))) AS names,
        arrayMap(name -> whole(theories[name]), names) AS weights,
        if(arraySum(weights) < 0, -1, 1) AS turned,
        arrayCumSum(weight -> turned * weight, weights) AS upto,
        arrayMap(
            (now, before) -> half_even(reinterpretAsInt64(pnl) * now, upto[-1])
                - half_even(reinterpretAsInt64(pnl) * before, upto[-1]),
            upto, arrayPopBack(arrayPushFront(upto, toInt256(0)))
        ) AS parts,
        arrayMap(weight -> toFloat64(turned * weight) / toFloat64(upto[-1]), weights) AS shares
    FROM trades FINAL
    WHERE notEmpty(theories)
)
ARRAY JOIN names AS theory, parts AS part, shares AS share
WHERE upto[-1] != 0
