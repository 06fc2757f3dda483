-- What became of each signal, slice and command, and why.
CREATE TABLE IF NOT EXISTS decisions (
    decision_id String CODEC(ZSTD),
    ts DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    account LowCardinality(String) CODEC(ZSTD),
    decision Enum8('accepted' = 1, 'refused' = 2, 'skipped' = 3, 'duplicate' = 4, 'expired' = 5, 'late' = 6, 'tripped' = 7) CODEC(ZSTD),
    symbol LowCardinality(Nullable(String)) CODEC(ZSTD),
    signal_id Nullable(String) CODEC(ZSTD),
    source LowCardinality(Nullable(String)) CODEC(ZSTD),
    command_id Nullable(String) CODEC(ZSTD),
    plan_id Nullable(String) CODEC(ZSTD),
    reason LowCardinality(String) CODEC(ZSTD),
    measured Nullable(Float64) CODEC(ZSTD),
    `limit` Nullable(Float64) CODEC(ZSTD),
    k_topic LowCardinality(String) CODEC(ZSTD),
    k_partition UInt16 CODEC(ZSTD),
    k_offset UInt64 CODEC(DoubleDelta, ZSTD),
    k_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    CONSTRAINT aligned CHECK k_topic = 'decisions',
    PROJECTION places (SELECT k_topic, k_partition, max(k_offset) GROUP BY k_topic, k_partition)
)
ENGINE = ReplacingMergeTree(k_offset)
ORDER BY (account, ts, decision_id)
SETTINGS deduplicate_merge_projection_mode = 'rebuild', non_replicated_deduplication_window = 1000
