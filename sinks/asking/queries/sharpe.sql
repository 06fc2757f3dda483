-- The Sharpe ratio of each account, and what it is made of.
-- Mean daily return / sample deviation × √(days a year), without a rate for lending; none under five counted days
-- or without deviation. Days on which the account's markets were closed do not count.
SELECT
    account,
    count(return) AS returns,
    avg(return) AS mean_return,
    stddevSampStable(return) AS deviation,
    argMax(year_days, ts) AS days_a_year,
    if(returns >= 5 AND returns = count(year_days) AND deviation > 0,
       mean_return / deviation * sqrt(days_a_year),
       NULL) AS sharpe
FROM day_ends
WHERE ({account:String} = '' OR account = {account:String})
    AND ts > {since:DateTime64(6, 'UTC')} AND ts <= {until:DateTime64(6, 'UTC')}
GROUP BY account
ORDER BY account
