-- How far markets were read: of what is in a market some leaves no row, and ticks do not stay for ever.
CREATE TABLE IF NOT EXISTS progress (
    k_topic LowCardinality(String),
    k_partition UInt16,
    next UInt64
)
ENGINE = ReplacingMergeTree(next)
ORDER BY (k_topic, k_partition)
