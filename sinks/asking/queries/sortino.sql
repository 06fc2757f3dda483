-- The Sortino ratio of each account, and what it is made of.
-- Mean daily return / √mean(min(return, 0)²) × √(days a year); none under five counted days or without a losing
-- one. Days on which the account's markets were closed do not count.
SELECT
    account,
    count(return) AS returns,
    avg(return) AS mean_return,
    sqrt(avgIf(pow(least(return, 0.), 2), return IS NOT NULL)) AS downside,
    argMax(year_days, ts) AS days_a_year,
    if(returns >= 5 AND returns = count(year_days) AND downside > 0,
       mean_return / downside * sqrt(days_a_year),
       NULL) AS sortino
FROM day_ends
WHERE ({account:String} = '' OR account = {account:String})
    AND ts > {since:DateTime64(6, 'UTC')} AND ts <= {until:DateTime64(6, 'UTC')}
GROUP BY account
ORDER BY account
