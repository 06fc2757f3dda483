-- What a person should look at.
CREATE TABLE IF NOT EXISTS alerts (
    alert_id String CODEC(ZSTD),
    ts DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    account LowCardinality(String) CODEC(ZSTD),
    `kind` LowCardinality(String) CODEC(ZSTD),
    text String CODEC(ZSTD),
    symbol LowCardinality(Nullable(String)) CODEC(ZSTD),
    measured Nullable(Float64) CODEC(ZSTD),
    `limit` Nullable(Float64) CODEC(ZSTD),
    k_topic LowCardinality(String) CODEC(ZSTD),
    k_partition UInt16 CODEC(ZSTD),
    k_offset UInt64 CODEC(DoubleDelta, ZSTD),
    k_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    CONSTRAINT aligned CHECK k_topic = 'alerts',
    PROJECTION places (SELECT k_topic, k_partition, max(k_offset) GROUP BY k_topic, k_partition)
)
ENGINE = ReplacingMergeTree(k_offset)
ORDER BY (account, ts, alert_id)
SETTINGS deduplicate_merge_projection_mode = 'rebuild', non_replicated_deduplication_window = 1000
