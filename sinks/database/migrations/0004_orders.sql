-- Each order in each of its states.
CREATE TABLE IF NOT EXISTS orders (
    order_id String CODEC(ZSTD),
    account LowCardinality(String) CODEC(ZSTD),
    symbol LowCardinality(String) CODEC(ZSTD),
    side Enum8('buy' = 1, 'sell' = 2) CODEC(ZSTD),
    order_type Enum8('market' = 1, 'limit' = 2, 'stop' = 3, 'stop_limit' = 4, 'trailing' = 5) CODEC(ZSTD),
    state Enum8('new' = 1, 'accepted' = 2, 'triggered' = 3, 'partially_filled' = 4, 'filled' = 5, 'cancelled' = 6, 'expired' = 7, 'rejected' = 8) CODEC(ZSTD),
    quantity Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    filled Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    ts DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    created DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    time_in_force Enum8('GTC' = 1, 'DAY' = 2, 'GTD' = 3, 'IOC' = 4, 'FOK' = 5) CODEC(ZSTD),
    limit_price Nullable(Decimal(18, 8)) CODEC(GCD, Delta, ZSTD),
    stop_price Nullable(Decimal(18, 8)) CODEC(GCD, Delta, ZSTD),
    average_price Nullable(Decimal(18, 8)) CODEC(GCD, Delta, ZSTD),
    fees Decimal(18, 8) CODEC(GCD, Delta, ZSTD),
    purpose LowCardinality(String) CODEC(ZSTD),
    reason LowCardinality(String) CODEC(ZSTD),
    plan_id Nullable(String) CODEC(ZSTD),
    slice_number Nullable(Int64) CODEC(ZSTD),
    lot_id Nullable(String) CODEC(ZSTD),
    signal_id Nullable(String) CODEC(ZSTD),
    command_id Nullable(String) CODEC(ZSTD),
    k_topic LowCardinality(String) CODEC(ZSTD),
    k_partition UInt16 CODEC(ZSTD),
    k_offset UInt64 CODEC(DoubleDelta, ZSTD),
    k_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    CONSTRAINT aligned CHECK k_topic = 'orders',
    PROJECTION places (SELECT k_topic, k_partition, max(k_offset) GROUP BY k_topic, k_partition)
)
ENGINE = ReplacingMergeTree(k_offset)
ORDER BY (account, order_id, ts, state, filled, reason)
SETTINGS deduplicate_merge_projection_mode = 'rebuild', non_replicated_deduplication_window = 1000
