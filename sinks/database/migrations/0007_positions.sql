-- Each position as it was last told.
CREATE TABLE IF NOT EXISTS positions (
    position_id String CODEC(ZSTD),
    account LowCardinality(String) CODEC(ZSTD),
    symbol LowCardinality(String) CODEC(ZSTD),
    side Enum8('long' = 1, 'short' = 2) CODEC(ZSTD),
    quantity Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    average_price Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    cost Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    mark Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    unrealised Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    realised Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    fees Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    ts DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    opened DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    stop Nullable(Decimal(18, 8)) CODEC(GCD, Delta, ZSTD),
    target Nullable(Decimal(18, 8)) CODEC(GCD, Delta, ZSTD),
    trailing Nullable(Decimal(18, 8)) CODEC(GCD, Delta, ZSTD),
    time_limit Nullable(DateTime64(6, 'UTC')) CODEC(Delta, ZSTD),
    signal_id Nullable(String) CODEC(ZSTD),
    plan_id Nullable(String) CODEC(ZSTD),
    k_topic LowCardinality(String) CODEC(ZSTD),
    k_partition UInt16 CODEC(ZSTD),
    k_offset UInt64 CODEC(DoubleDelta, ZSTD),
    k_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    CONSTRAINT aligned CHECK k_topic = 'positions',
    PROJECTION places (SELECT k_topic, k_partition, max(k_offset) GROUP BY k_topic, k_partition)
)
ENGINE = ReplacingMergeTree(k_offset)
ORDER BY (account, position_id)
SETTINGS deduplicate_merge_projection_mode = 'rebuild', non_replicated_deduplication_window = 1000
