-- Every execution.
CREATE TABLE IF NOT EXISTS fills (
    fill_id String CODEC(ZSTD),
    order_id String CODEC(ZSTD),
    account LowCardinality(String) CODEC(ZSTD),
    symbol LowCardinality(String) CODEC(ZSTD),
    side Enum8('buy' = 1, 'sell' = 2) CODEC(ZSTD),
    quantity Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    price Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    fee Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    ts DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    lot_id Nullable(String) CODEC(ZSTD),
    trade_id Nullable(String) CODEC(ZSTD),
    purpose LowCardinality(String) CODEC(ZSTD),
    plan_id Nullable(String) CODEC(ZSTD),
    slice_number Nullable(Int64) CODEC(ZSTD),
    signal_id Nullable(String) CODEC(ZSTD),
    arrival Nullable(Decimal(18, 8)) CODEC(GCD, Delta, ZSTD),
    slippage Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    ambiguous Bool CODEC(ZSTD),
    k_topic LowCardinality(String) CODEC(ZSTD),
    k_partition UInt16 CODEC(ZSTD),
    k_offset UInt64 CODEC(DoubleDelta, ZSTD),
    k_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    CONSTRAINT aligned CHECK k_topic = 'fills',
    PROJECTION places (SELECT k_topic, k_partition, max(k_offset) GROUP BY k_topic, k_partition)
)
ENGINE = ReplacingMergeTree(k_offset)
ORDER BY (account, ts, fill_id)
SETTINGS deduplicate_merge_projection_mode = 'rebuild', non_replicated_deduplication_window = 1000
