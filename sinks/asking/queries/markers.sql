-- Fills as marks on a price chart: where trades were entered, sliced into and left.
-- limit = 100000: so many marks at most, the newest
SELECT
    account,
    symbol,
    ts,
    multiIf(purpose != 'entry', 'exit', coalesce(slice_number, 1) > 1, 'slice', 'entry') AS kind,
    side,
    price,
    quantity,
    purpose,
    slice_number,
    trade_id,
    signal_id
FROM (
    SELECT *
    FROM fills FINAL
    WHERE ({account:String} = '' OR account = {account:String})
        AND ({symbol:String} = '' OR symbol = {symbol:String})
        AND ts >= {since:DateTime64(6, 'UTC')} AND ts < {until:DateTime64(6, 'UTC')}
    ORDER BY ts DESC, k_offset DESC
    LIMIT {limit:UInt64}
)
ORDER BY account, ts, k_offset
