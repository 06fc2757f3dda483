-- Each filled slice beside its plan: what its quantity would have cost at the plan's arrival, at the average price
-- of the plan's other slices, and at the price of its first one.
CREATE OR REPLACE VIEW plan_fills AS
SELECT
    *,
    arrival * toDecimal128(filled, 8) AS arrived,
    toFloat64(paid) / toFloat64(filled) AS price,
    toFloat64(sum(paid) OVER plan - paid) / nullIf(toFloat64(sum(filled) OVER plan - filled), 0) AS others_price,
    others_price * toFloat64(filled) AS at_others,
    first_value(price) OVER by_number AS first_price,
    first_price * toFloat64(filled) AS at_first
FROM slice_fills
WINDOW
    plan AS (PARTITION BY account, plan_id),
    by_number AS (PARTITION BY account, plan_id ORDER BY number ROWS UNBOUNDED PRECEDING)
