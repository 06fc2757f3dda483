-- What an account was worth: at fills, minutes and days' ends.
CREATE TABLE IF NOT EXISTS equity (
    equity_id String CODEC(ZSTD),
    ts DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    account LowCardinality(String) CODEC(ZSTD),
    equity Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    cash Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    unrealised Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    drawdown Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    realised Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    exposure Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    reserved Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    day_end Bool CODEC(ZSTD),
    balance Nullable(Decimal(18, 8)) CODEC(GCD, Delta, ZSTD),
    day LowCardinality(Nullable(String)) CODEC(ZSTD),
    year_days Nullable(Int64) CODEC(ZSTD),
    k_topic LowCardinality(String) CODEC(ZSTD),
    k_partition UInt16 CODEC(ZSTD),
    k_offset UInt64 CODEC(DoubleDelta, ZSTD),
    k_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    CONSTRAINT aligned CHECK k_topic = 'equity',
    PROJECTION places (SELECT k_topic, k_partition, max(k_offset) GROUP BY k_topic, k_partition)
)
ENGINE = ReplacingMergeTree(k_offset)
ORDER BY (account, ts, equity_id)
SETTINGS deduplicate_merge_projection_mode = 'rebuild', non_replicated_deduplication_window = 1000
