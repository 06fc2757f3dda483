-- Which accounts there are: those that did anything, or were asked anything.
SELECT DISTINCT account
FROM (
    SELECT account FROM equity
    UNION DISTINCT SELECT account FROM decisions WHERE reason != 'no_account'
    UNION DISTINCT SELECT account FROM orders
    UNION DISTINCT SELECT account FROM alerts
)
WHERE {account:String} = '' OR account = {account:String}
ORDER BY account
