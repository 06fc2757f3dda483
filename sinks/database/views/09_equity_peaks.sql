-- Each equity row with the highest equity so far, beginning with the balance, and how far below it lies.
CREATE OR REPLACE VIEW equity_peaks AS
SELECT
    account,
    ts,
    length(equity_id) AS digits,
    equity_id,
    day_end,
    equity,
    greatest(
        max(equity) OVER (PARTITION BY account ORDER BY ts, digits, equity_id ROWS UNBOUNDED PRECEDING),
        coalesce(balance, equity)
    ) AS peak,
    if(peak > 0, (reinterpretAsInt64(peak) - reinterpretAsInt64(equity)) / reinterpretAsInt64(peak), 0) AS drawdown
FROM equity FINAL
