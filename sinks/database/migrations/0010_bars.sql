-- Markets in bars.
CREATE TABLE IF NOT EXISTS bars (
    symbol LowCardinality(String) CODEC(ZSTD),
    ts DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    open Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    high Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    low Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    close Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    volume Nullable(Decimal(18, 8)) CODEC(GCD, Delta, ZSTD),
    interval Nullable(Int64) CODEC(ZSTD),
    k_topic LowCardinality(String) CODEC(ZSTD),
    k_partition UInt16 CODEC(ZSTD),
    k_offset UInt64 CODEC(DoubleDelta, ZSTD),
    k_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    PROJECTION places (SELECT k_topic, k_partition, max(k_offset) GROUP BY k_topic, k_partition)
)
ENGINE = ReplacingMergeTree(k_offset)
PARTITION BY toYYYYMM(ts)
ORDER BY (k_topic, symbol, ts, k_partition, k_offset)
SETTINGS deduplicate_merge_projection_mode = 'rebuild', non_replicated_deduplication_window = 1000
