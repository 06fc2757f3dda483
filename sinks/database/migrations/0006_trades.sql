-- Every position from its first fill to its last.
CREATE TABLE IF NOT EXISTS trades (
    trade_id String CODEC(ZSTD),
    account LowCardinality(String) CODEC(ZSTD),
    symbol LowCardinality(String) CODEC(ZSTD),
    side Enum8('long' = 1, 'short' = 2) CODEC(ZSTD),
    quantity Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    entry_price Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    exit_price Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    entry_ts DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    exit_ts DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    pnl Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    pnl_pct Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    fees Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    exit_reason LowCardinality(String) CODEC(ZSTD),
    outcome Enum8('win' = 1, 'loss' = 2, 'breakeven' = 3) CODEC(ZSTD),
    signal_id Nullable(String) CODEC(ZSTD),
    gross_pnl Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    source LowCardinality(Nullable(String)) CODEC(ZSTD),
    plan_id Nullable(String) CODEC(ZSTD),
    entry_notional Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    mae Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    mfe Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    slices Int64 CODEC(ZSTD),
    ambiguous Bool CODEC(ZSTD),
    theories Map(String, Float64) CODEC(ZSTD),
    tags Array(String) CODEC(ZSTD),
    confidence Nullable(Float64) CODEC(ZSTD),
    k_topic LowCardinality(String) CODEC(ZSTD),
    k_partition UInt16 CODEC(ZSTD),
    k_offset UInt64 CODEC(DoubleDelta, ZSTD),
    k_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    CONSTRAINT aligned CHECK k_topic = 'trades',
    PROJECTION places (SELECT k_topic, k_partition, max(k_offset) GROUP BY k_topic, k_partition)
)
ENGINE = ReplacingMergeTree(k_offset)
ORDER BY (account, exit_ts, trade_id)
SETTINGS deduplicate_merge_projection_mode = 'rebuild', non_replicated_deduplication_window = 1000
