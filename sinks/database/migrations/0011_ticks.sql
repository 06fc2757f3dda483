-- Markets tick by tick, for a month from when Kafka took them.
CREATE TABLE IF NOT EXISTS ticks (
    symbol LowCardinality(String) CODEC(ZSTD),
    ts DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    price Nullable(Decimal(18, 8)) CODEC(GCD, Delta, ZSTD),
    size Nullable(Decimal(18, 8)) CODEC(GCD, Delta, ZSTD),
    bid Nullable(Decimal(18, 8)) CODEC(GCD, Delta, ZSTD),
    ask Nullable(Decimal(18, 8)) CODEC(GCD, Delta, ZSTD),
    k_topic LowCardinality(String) CODEC(ZSTD),
    k_partition UInt16 CODEC(ZSTD),
    k_offset UInt64 CODEC(DoubleDelta, ZSTD),
    k_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    k_row UInt32 CODEC(DoubleDelta, ZSTD),
    PROJECTION places (SELECT k_topic, k_partition, max(k_offset) GROUP BY k_topic, k_partition)
)
ENGINE = ReplacingMergeTree(k_offset)
PARTITION BY toYYYYMM(ts)
ORDER BY (k_topic, symbol, ts, k_offset, k_row)
TTL toDateTime(k_time) + INTERVAL 30 DAY
SETTINGS deduplicate_merge_projection_mode = 'rebuild', non_replicated_deduplication_window = 1000
