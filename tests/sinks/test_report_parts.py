"""What a report is made of, without a browser: numbers, a sentence, charts."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from sinks.report import texts
from sinks.report.charts import _breaks
from sinks.report.document import json_in_html
from sinks.report.sentence import sentence


def test_no_figure_ends_its_script():
    figure = {"text": "</script><!-- & \u2028"}
    text = json_in_html({"one": figure})
    assert not set(text) & set("<>&\u2028")
    assert json.loads(text) == {"one": figure}


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (texts.money(Decimal("1234.565")), "1,234.56"),
        (texts.change(Decimal("-0.005")), "0.00"),
        (texts.tone(texts.change(Decimal("-0.005"))), ""),
        (texts.tone(texts.change(Decimal("-0.006"))), "loss"),
        (texts.tone(texts.short(Decimal(1234567))), "gain"),
        (texts.change(Decimal("12.5")), "+12.50"),
        (texts.large_change(Decimal("-123456.78")), "−123,457"),
        (texts.exact(Decimal("1500.00000000")), "1,500"),
        (texts.exact(Decimal("0.00012300")), "0.000123"),
        (texts.rounded(Decimal("214.91012658")), "214.9101"),
        (texts.rounded(Decimal("0.00001234")), "0.00001234"),
        (texts.short(Decimal(-44612)), "−45k"),
        (texts.short(Decimal(1234567)), "+1.2M"),
        (texts.short(Decimal("7.5")), "+7.50"),
        (texts.percent(0.541), "54.1 %"),
        (texts.points(-3.14), "−3.1 bp"),
        (texts.duration(59.6), "1 min 0 s"),
        (texts.duration(3 * 86_400 + 3_600), "3 d 1 h"),
        (texts.measure(1.98), "1.98"),
        (texts.measure(-123_456.7), "−123,457"),
        (texts.ratio(None), "–"),
    ],
)
def test_numbers_as_a_trader_reads_them(shown, expected):
    assert shown == expected


NOTHING = {"total_return": None, "days": 0, "trades": 0, "wins": 0, "win_rate": None, "profit_factor": None}
LOST = {"total_return": -0.012, "days": 5, "trades": 1, "wins": 0, "win_rate": 0.0, "profit_factor": 0.0}
COSTS = [{"number": 1, "cost_bps": 0.5}, {"number": 2, "cost_bps": 4.04}]


@pytest.mark.parametrize(
    ("performance", "worst", "slices", "held", "expected"),
    [
        (NOTHING, None, [], [], "a has no closed trade yet."),
        (NOTHING, None, [], [Decimal(-3)], "a has no closed trade yet: 1 position is open at −3.00."),
        (
            LOST,
            {"pnl": Decimal(-12000), "symbol": "X"},
            COSTS,
            [],
            "a lost 1.20 % in 5 days: 1 trade, 0 won (0.0 %), profit factor 0.00; the worst lost 12,000.00 in X; slice 2 cost 4.0 basis points against the arrival price.",
        ),
        (LOST, None, COSTS[:1], [], "a lost 1.20 % in 5 days: 1 trade, 0 won (0.0 %), profit factor 0.00."),
    ],
)
def test_a_sentence(performance, worst, slices, held, expected):
    assert sentence("a", performance, worst, slices, [{"unrealised": each} for each in held]) == expected


def test_a_chart_leaves_out_when_a_market_is_closed():
    monday = datetime(2026, 1, 5, 14, 31, tzinfo=UTC)
    session = [
        monday + timedelta(days=day, minutes=minute) for day in range(2) for minute in range(0, 390, 7)
    ]
    assert _breaks(session) == [{"bounds": ["sat", "mon"]}, {"bounds": [21.0, 14.5], "pattern": "hour"}]
    always = [monday + timedelta(minutes=20 * number) for number in range(1000)]
    assert _breaks(always) == _breaks(session[:3]) == []
