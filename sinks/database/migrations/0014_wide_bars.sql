-- A price times a volume fits.
ALTER TABLE bars
    MODIFY COLUMN open Decimal(38, 8) CODEC(GCD, ZSTD),
    MODIFY COLUMN high Decimal(38, 8) CODEC(GCD, ZSTD),
    MODIFY COLUMN low Decimal(38, 8) CODEC(GCD, ZSTD),
    MODIFY COLUMN close Decimal(38, 8) CODEC(GCD, ZSTD),
    MODIFY COLUMN volume Nullable(Decimal(38, 8)) CODEC(GCD, ZSTD)
