-- How far each trade went against and for its average entry. Risk is the distance from the entry to the position's
-- stop as it was last told, where that lies on the losing side; R is in such distances.
CREATE OR REPLACE VIEW trade_excursions AS
SELECT
    account,
    trade_id,
    symbol,
    side,
    outcome,
    entry_ts,
    exit_ts,
    entry_price,
    exit_price,
    mae,
    mfe,
    100 * toFloat64(mae) / toFloat64(entry_price) AS mae_pct,
    100 * toFloat64(mfe) / toFloat64(entry_price) AS mfe_pct,
    if((entry_price > stop) = (side = 'long') AND entry_price != stop, abs(entry_price - stop), NULL) AS risk,
    toFloat64(mae) / toFloat64(risk) AS mae_r,
    toFloat64(mfe) / toFloat64(risk) AS mfe_r,
    if(side = 'long', 1, -1) * toFloat64(exit_price - entry_price) / toFloat64(risk) AS result_r
FROM (SELECT * FROM trades FINAL) AS trade
LEFT JOIN (
    SELECT account, assumeNotNull(fill.trade_id) AS trade_id, any(lot_id) AS position_id
    FROM fills AS fill FINAL
    WHERE fill.trade_id IS NOT NULL AND purpose = 'entry'
    GROUP BY account, trade_id
) AS entered USING (account, trade_id)
LEFT JOIN (
    SELECT account, toNullable(position_id) AS position_id, stop FROM positions FINAL WHERE stop IS NOT NULL
) AS held USING (account, position_id)
