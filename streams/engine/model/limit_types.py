"""The limits that an account may set, by the names of their settings, with what people call them.

Rules of this file: a name is at once the limit's setting and the reason of what it refuses.
"""

LIMITS = {
    "max_positions": "Positions at once",
    "max_signals_per_hour": "Entries in an hour",
    "max_position": "One symbol's share of equity",
    "max_exposure": "Everything held, as a share of equity",
    "max_group": "One group's share of equity",
    "max_correlated": "Positions that move together",
    "cash_reserve": "Share of equity that stays free",
    "cooldown": "No new entry in a symbol for",
    "daily_loss": "A loss that ends the day's entries",
    "max_drawdown": "A fall from the peak that halts entries",
}
