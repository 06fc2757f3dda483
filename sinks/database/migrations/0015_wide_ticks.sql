-- A price times a size fits.
ALTER TABLE ticks
    MODIFY COLUMN price Nullable(Decimal(38, 8)) CODEC(GCD, ZSTD),
    MODIFY COLUMN size Nullable(Decimal(38, 8)) CODEC(GCD, ZSTD),
    MODIFY COLUMN bid Nullable(Decimal(38, 8)) CODEC(GCD, ZSTD),
    MODIFY COLUMN ask Nullable(Decimal(38, 8)) CODEC(GCD, ZSTD)
