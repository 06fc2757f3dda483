-- What nobody could read or store, and why.
CREATE TABLE IF NOT EXISTS dead_letters (
    `topic` LowCardinality(String) CODEC(ZSTD),
    `partition` Int64 CODEC(ZSTD),
    `offset` Int64 CODEC(ZSTD),
    ts DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    reason LowCardinality(String) CODEC(ZSTD),
    value String CODEC(ZSTD),
    `key` Nullable(String) CODEC(ZSTD),
    k_topic LowCardinality(String) CODEC(ZSTD),
    k_partition UInt16 CODEC(ZSTD),
    k_offset UInt64 CODEC(DoubleDelta, ZSTD),
    k_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    PROJECTION places (SELECT k_topic, k_partition, max(k_offset) GROUP BY k_topic, k_partition)
)
ENGINE = ReplacingMergeTree(k_offset)
ORDER BY (`topic`, `partition`, `offset`)
SETTINGS deduplicate_merge_projection_mode = 'rebuild', non_replicated_deduplication_window = 1000
