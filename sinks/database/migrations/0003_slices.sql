-- Each planned slice in each of its states.
CREATE TABLE IF NOT EXISTS slices (
    slice_id String CODEC(ZSTD),
    account LowCardinality(String) CODEC(ZSTD),
    plan_id String CODEC(ZSTD),
    symbol LowCardinality(String) CODEC(ZSTD),
    side Enum8('buy' = 1, 'sell' = 2) CODEC(ZSTD),
    signal_id Nullable(String) CODEC(ZSTD),
    number Int64 CODEC(ZSTD),
    `of` Int64 CODEC(ZSTD),
    state Enum8('armed' = 1, 'released' = 2, 'skipped' = 3, 'cancelled' = 4) CODEC(ZSTD),
    ts DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    due DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    quantity Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    condition LowCardinality(String) CODEC(ZSTD),
    arrival Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    order_id Nullable(String) CODEC(ZSTD),
    reason LowCardinality(String) CODEC(ZSTD),
    measured Nullable(Float64) CODEC(ZSTD),
    `limit` Nullable(Float64) CODEC(ZSTD),
    mark Nullable(Decimal(18, 8)) CODEC(GCD, Delta, ZSTD),
    k_topic LowCardinality(String) CODEC(ZSTD),
    k_partition UInt16 CODEC(ZSTD),
    k_offset UInt64 CODEC(DoubleDelta, ZSTD),
    k_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    CONSTRAINT aligned CHECK k_topic = 'slice-timers',
    PROJECTION places (SELECT k_topic, k_partition, max(k_offset) GROUP BY k_topic, k_partition)
)
ENGINE = ReplacingMergeTree(k_offset)
ORDER BY (account, slice_id, state)
SETTINGS deduplicate_merge_projection_mode = 'rebuild', non_replicated_deduplication_window = 1000
