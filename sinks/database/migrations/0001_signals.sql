-- What was asked: one row a record, also of a signal that was sent twice.
CREATE TABLE IF NOT EXISTS signals (
    signal_id String CODEC(ZSTD),
    source LowCardinality(String) CODEC(ZSTD),
    symbol LowCardinality(String) CODEC(ZSTD),
    side Enum8('long' = 1, 'short' = 2, 'flat' = 3) CODEC(ZSTD),
    ts DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    confidence Nullable(Float64) CODEC(ZSTD),
    price Nullable(Decimal(18, 8)) CODEC(GCD, Delta, ZSTD),
    take_profit Nullable(Decimal(18, 8)) CODEC(GCD, Delta, ZSTD),
    stop_loss Nullable(Decimal(18, 8)) CODEC(GCD, Delta, ZSTD),
    quantity Nullable(Decimal(18, 8)) CODEC(GCD, Delta, ZSTD),
    expires_at Nullable(DateTime64(6, 'UTC')) CODEC(Delta, ZSTD),
    features Map(String, Float64) CODEC(ZSTD),
    theories Map(String, Float64) CODEC(ZSTD),
    tags Array(String) CODEC(ZSTD),
    note Nullable(String) CODEC(ZSTD),
    extra Map(String, String) CODEC(ZSTD),
    k_topic LowCardinality(String) CODEC(ZSTD),
    k_partition UInt16 CODEC(ZSTD),
    k_offset UInt64 CODEC(DoubleDelta, ZSTD),
    k_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    CONSTRAINT aligned CHECK k_topic = 'signals',
    PROJECTION places (SELECT k_topic, k_partition, max(k_offset) GROUP BY k_topic, k_partition)
)
ENGINE = ReplacingMergeTree(k_offset)
ORDER BY (source, ts, signal_id, k_partition, k_offset)
SETTINGS deduplicate_merge_projection_mode = 'rebuild', non_replicated_deduplication_window = 1000
