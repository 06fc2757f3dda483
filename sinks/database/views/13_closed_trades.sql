-- Trades as they are listed, one a row.
CREATE OR REPLACE VIEW closed_trades AS
SELECT
    account,
    trade_id,
    symbol,
    side,
    quantity,
    entry_price,
    exit_price,
    entry_ts,
    exit_ts,
    exit_reason,
    pnl,
    pnl_pct,
    fees,
    outcome,
    slices,
    ambiguous,
    source,
    signal_id
FROM trades FINAL
