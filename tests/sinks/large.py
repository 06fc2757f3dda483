"""Years of trading as rows: fifty accounts with two million fills, made by ClickHouse itself."""

from typing import Any

ACCOUNTS = 50
TRADES = 10_000
"""An account's; each has a plan of four slices, three of them filled, and one exit."""
EQUITIES = 16_000
"""An account's; every hundredth ends a day."""

START = "toDateTime64('2025-01-01 00:00:00', 6, 'UTC')"
ENTERED = f"{START} + toIntervalSecond(number * 1200)"
"""A trade every twenty minutes, which ends a quarter of an hour later."""
SYMBOL = "concat('S', toString(number % 20))"
PLACE = "toUInt16({account}) AS k_partition, {start} AS k_offset, toDateTime64(ts, 3, 'UTC') AS k_time"
PRICE = "toDecimal64(100 + (number * 7919 % 1000) / 100, 8)"
WON = "(cityHash64(number, {account}) % 1000 - 480) / 100"
"""What a trade's price moved by."""

TOPICS = {"slices": "slice-timers"}

INSERTS = {
    "signals": """
        SELECT concat('g', toString({account}), '-', toString(number)) AS signal_id, 'bench' AS source, {symbol} AS symbol,
               'long' AS side, {entered} AS ts, 0.7 AS confidence, {place}
        FROM numbers({trades})""",
    "decisions": """
        SELECT concat('a{account}-d', toString(number)) AS decision_id, {entered} AS ts, 'a{account}' AS account,
               if(number % 5 = 4, 'refused', 'accepted') AS decision, {symbol} AS symbol,
               concat('g', toString({account}), '-', toString(number)) AS signal_id, 'bench' AS source,
               concat('a{account}-p', toString(number)) AS plan_id,
               if(number % 5 = 4, 'max_positions', '') AS reason, {place}
        FROM numbers({trades})""",
    "slices": """
        SELECT concat('a{account}-p', toString(trade), '.', toString(slice)) AS slice_id, 'a{account}' AS account,
               concat('a{account}-p', toString(trade)) AS plan_id, concat('S', toString(trade % 20)) AS symbol,
               'buy' AS side, slice AS number, 4 AS `of`, if(slice = 4, 'skipped', 'released') AS state,
               {start} + toIntervalSecond(trade * 1200 + slice * 60 - 60) AS ts, ts AS due, 1 AS quantity,
               toDecimal64(100 + (trade * 7919 % 1000) / 100, 8) AS arrival, arrival + 1 AS mark,
               if(slice = 4, 'momentum', '') AS reason, {place}
        FROM (SELECT number, intDiv(number, 4) AS trade, number % 4 + 1 AS slice FROM numbers({trades} * 4))""",
    "orders": """
        SELECT concat('a{account}-o', toString(number)) AS order_id, 'a{account}' AS account,
               concat('S', toString(trade % 20)) AS symbol, if(leg = 4, 'sell', 'buy') AS side, 'market' AS order_type,
               'filled' AS state, 1 AS quantity, 1 AS filled,
               {start} + toIntervalSecond(trade * 1200 + leg * 60 - 60) AS ts, ts AS created,
               if(leg = 4, 'take_profit', 'entry') AS purpose,
               if(leg = 4, NULL, concat('a{account}-p', toString(trade))) AS plan_id,
               if(leg = 4, NULL, leg) AS slice_number, concat('a{account}-l', toString(trade)) AS lot_id, {place}
        FROM (SELECT number, intDiv(number, 4) AS trade, number % 4 + 1 AS leg FROM numbers({trades} * 4))""",
    "fills": """
        SELECT concat('a{account}-o', toString(number), '.1') AS fill_id, concat('a{account}-o', toString(number)) AS order_id,
               'a{account}' AS account, concat('S', toString(trade % 20)) AS symbol,
               if(leg = 4, 'sell', 'buy') AS side, if(leg = 4, 3, 1) AS quantity,
               toDecimal64(100 + (trade * 7919 % 1000) / 100 + (leg - 1) / 10, 8) AS price, 0.5 AS fee,
               {start} + toIntervalSecond(trade * 1200 + leg * 60 - 60) AS ts,
               concat('a{account}-l', toString(trade)) AS lot_id, concat('a{account}-t', toString(trade)) AS trade_id,
               if(leg = 4, 'take_profit', 'entry') AS purpose,
               if(leg = 4, NULL, concat('a{account}-p', toString(trade))) AS plan_id,
               if(leg = 4, NULL, leg) AS slice_number,
               if(leg = 4, NULL, toDecimal64(100 + (trade * 7919 % 1000) / 100, 8)) AS arrival, {place}
        FROM (SELECT number, intDiv(number, 4) AS trade, number % 4 + 1 AS leg FROM numbers({trades} * 4))""",
    "trades": """
        SELECT concat('a{account}-t', toString(number)) AS trade_id, 'a{account}' AS account, {symbol} AS symbol,
               'long' AS side, 3 AS quantity, {price} AS entry_price, entry_price + toDecimal64({won}, 8) AS exit_price,
               {entered} AS entry_ts, entry_ts + toIntervalSecond(900) AS exit_ts,
               toDecimal64({won} * 3, 8) AS gross_pnl, gross_pnl - 2 AS pnl, pnl AS pnl_pct, 2 AS fees,
               ['take_profit', 'stop_loss', 'time_limit'][number % 3 + 1] AS exit_reason,
               multiIf(pnl > 0, 'win', pnl < 0, 'loss', 'breakeven') AS outcome,
               concat('g', toString({account}), '-', toString(number)) AS signal_id, 'bench' AS source,
               concat('a{account}-p', toString(number)) AS plan_id, 300 AS entry_notional, 1 AS mae, 2 AS mfe, 3 AS slices,
               map('trend', 0.7, 'volume', 0.3) AS theories,
               toUInt16({account}) AS k_partition, number AS k_offset, toDateTime64(exit_ts, 3, 'UTC') AS k_time
        FROM numbers({trades})""",
    "equity": """
        SELECT concat('a{account}-e', toString(number)) AS equity_id, {start} + toIntervalSecond(number * 864) AS ts,
               'a{account}' AS account, toDecimal64(100000 + (cityHash64(number, {account}) % 100000) / 10 + number / 10, 8) AS equity,
               equity AS cash, 0 AS drawdown, number % 100 = 0 AND number > 0 AS day_end, 100000 AS balance,
               if(day_end, toString(toDate(ts) - 1), NULL) AS day, if(day_end, 365, NULL) AS year_days, {place}
        FROM numbers({equities})""",
}


def make(client: Any) -> None:
    """Into tables that are there; account by account, as a sink would."""
    for account in range(ACCOUNTS):
        words = {
            "account": account,
            "trades": TRADES,
            "equities": EQUITIES,
            "start": START,
            "symbol": SYMBOL,
            "entered": ENTERED,
            "price": PRICE,
            "won": WON.format(account=account),
            "place": PLACE.format(account=account, start="number"),
        }
        for table, select in INSERTS.items():
            rows = f"SELECT *, '{TOPICS.get(table, table)}' AS k_topic FROM ({select.format(**words)})"
            found = client.query(f"DESCRIBE TABLE ({rows})").result_rows
            columns = ", ".join(f"`{name}`" for name, *_ in found)
            client.command(f"INSERT INTO {table} ({columns}) {rows}")
