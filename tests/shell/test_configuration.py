"""`ghostfill.yaml`: what it may say, what is told of what is wrong, and the one that `init` writes."""

import json
import re
from dataclasses import replace

import pytest

from streams.accounts import SettingsError
from streams.cli.commands.run.init import TEXT
from streams.cli.commands.run.up import with_options
from streams.cli.instance.configuration import parse_setup, read_setup
from streams.cli.instance.parts import Parts
from streams.cli.instance.setup import (
    ClickHouseSetup,
    KafkaSetup,
    Own,
    Published,
    Setup,
    Simulated,
    WebSetup,
)
from streams.engine.model.units import SECOND
from streams.local.machine.home import Home
from tests.shell.conftest import run


@pytest.fixture
def parse(tmp_path):
    for name in ("symbols.yaml", "day.csv", "signals.csv", "cert.pem", "key.pem"):
        (tmp_path / name).touch()
    (tmp_path / "careful.yaml").write_text("preset: auto-trader\nmin_confidence: 0.9\n")
    (tmp_path / "feed.sh").touch(0o755)
    return lambda text: parse_setup(text, tmp_path / "ghostfill.yaml")


GOOD = [
    ("", {}),
    ("parts: [trader]", {"parts": ("trader",)}),
    ("parts: trader", {"parts": ("trader",)}),
    ("workers: 3", {"workers": 3}),
    ("markets: [crypto, eu]", {"markets": ("crypto", "eu")}),
    ("kafka: {port: 9092, heap: 1g, replicas: 1}", {"kafka": KafkaSetup(9092, "1g", 1)}),
    ("kafka: {auth: scram}", {"kafka": KafkaSetup(auth="scram")}),
    ("kafka: {auth: none}", {"kafka": KafkaSetup()}),
    ("kafka: {bootstrap: 'a:1,b:2'}", {"kafka": KafkaSetup(bootstrap="a:1,b:2")}),
    ("clickhouse: {port: 8123, ticks: false}", {"clickhouse": ClickHouseSetup(8123, ticks=False)}),
    ("clickhouse: {url: 'https://c:8443/p'}", {"clickhouse": ClickHouseSetup(url="https://c:8443/p")}),
    ("web: {host: 0.0.0.0, port: 80, names: [a.b]}", {"web": WebSetup("0.0.0.0", 80, ("a.b",))}),
    ("web:\n  port:\nkafka:", {}),
    ("feeds: {m: {simulate: {speed: 1x, seed: 0}}}", {"feeds": {"m": Simulated("1x", 0)}}),
    ("feeds: {m: {simulate: }}", {"feeds": {"m": Simulated()}}),
    (
        "feeds: {m: {simulate: {speed: max, market: eu, accounts: no}}}",
        {"feeds": {"m": Simulated("max", market="eu", accounts=False)}},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), GOOD)
def test_what_is_said_counts_and_the_rest_is_as_usual(parse, tmp_path, text, said):
    assert parse(text) == replace(Setup(file=tmp_path / "ghostfill.yaml"), **said)


def test_paths_are_seen_from_the_file(parse, tmp_path):
    setup = parse(
        """
        symbols: symbols.yaml
        web: {tls_cert: cert.pem, tls_key: key.pem}
        feeds:
          day: {publish: {bars: day.csv, symbol: AAPL}}
          told: {publish: {signals: signals.csv, speed: 60x, from: 2026-01-05T14:30Z}}
          own: {command: ./feed.sh, environment: {SYMBOLS: "A,B"}}
        strategies: {mine: {command: [python, mine.py, --fast]}}
        """
    )
    assert (setup.symbols, setup.web.tls_cert) == (tmp_path / "symbols.yaml", tmp_path / "cert.pem")
    assert setup.feeds == {
        "day": Published("bars", tmp_path / "day.csv", symbol="AAPL"),
        "told": Published("signals", tmp_path / "signals.csv", "60x", "2026-01-05T14:30Z"),
        "own": Own(("./feed.sh",), tmp_path, {"SYMBOLS": "A,B"}),
    }
    assert setup.strategies == {"mine": Own(("python", "mine.py", "--fast"), tmp_path)}


def test_accounts_are_a_person_s_words(parse):
    setup = parse(
        """
        accounts:
          mine: {preset: vsr-slicer, follow: [tracker], stop_loss: 2%, market: ticks.eu}
          other: {file: careful.yaml, aggressive: true}
        feeds: {m: {simulate: {market: us}}}
        markets: [crypto, eu]
        """
    )
    words = {name: json.loads(settings) for name, settings in setup.accounts.items()}
    assert words["mine"] == {
        "preset": "vsr-slicer", "follow": ["tracker"], "stop_loss": "2%", "market": "ticks.eu", "name": "mine"
    }  # fmt: skip
    assert words["other"] == {"preset": "auto-trader", "aggressive": "true", "name": "other"}
    assert setup.all_markets() == ("crypto", "eu", "us")


WRONG = [
    ("part: [trader]", "line 1, part: unknown key; did you mean parts?"),
    ("parts: [traders]", 'line 1, parts[1]: found "traders"; expected some of trader, results, dashboard'),
    ("parts: []", "line 1, parts: found none; expected some of trader, results, dashboard"),
    ("- a", "line 1: found a list; expected keys such as parts, accounts and feeds"),
    ("workers: 0", 'line 1, workers: found "0"; expected a whole number, 1 or more'),
    ("workers: 1\nworkers: 2", "line 2, workers: given twice, first on line 1"),
    ("markets: [ticks.eu]", 'line 1, markets[1]: found "ticks.eu"; expected markets such as [crypto], without `ticks.`'),
    ("symbols: none.yaml", 'line 1, symbols: found "none.yaml", and no such file; expected the path of a symbols file'),
    ("kafka: {port: 70000}", 'line 1, kafka.port: found "70000"; expected a port, 1 to 65535'),
    ("kafka: {heap: big}", 'line 1, kafka.heap: found "big"; expected memory such as 512m or 2g'),
    ("kafka: {bootstrap: kafka}", 'line 1, kafka.bootstrap: found "kafka"; expected host:port, or several with commas between'),
    ("kafka: 9092", 'line 1, kafka: found "9092"; expected {port: 9092, heap: 512m, auth: scram} or {bootstrap: host:9092}'),
    ("clickhouse: {url: 'c:8123'}", 'line 1, clickhouse.url: found "c:8123"; expected a URL such as'),
    ("clickhouse: {ticks: some}", 'line 1, clickhouse.ticks: found "some"; expected true or false'),
    ("web: {tls_cert: cert.pem}", "line 1, web: expected tls_cert and tls_key together"),
    ("web: {tls_cert: c.pem, tls_key: key.pem}", 'line 1, web.tls_cert: found "c.pem", and no such file'),
    ("accounts: [mine]", "line 1, accounts: found a list; expected names, each with an account's keys"),
    ("accounts: {mine: vsr-slicer}", 'line 1, accounts.mine: found "vsr-slicer"; expected an account\'s keys'),
    ("accounts: {mine: {preset: slicer}}", 'line 1, accounts.mine.preset: found "slicer"; expected a preset'),
    ("accounts: {mine: {preset: auto-trader, stop: 2%}}", "line 1, accounts.mine.stop: unknown key"),
    ("accounts: {mine: {follow: [a]}}", "line 1, accounts.mine: balance and size missing"),
    ("accounts: {a/b: {preset: auto-trader}}", 'line 1, accounts.a/b: found "a/b"; expected a name of up to 64 letters'),
    ("accounts: {mine: {name: x, preset: auto-trader}}", "line 1, accounts.mine.name: its name is mine already; leave the key out"),
    ("accounts: {mine: {file: none.yaml}}", 'line 1, accounts.mine.file: found "none.yaml"; expected an account file that is there'),
    ("accounts: {mine: {file: careful.yaml, preset: auto-trader}}", "line 1, accounts.mine.file: give file or preset, not both"),
    ("feeds: {m: {}}", "line 1, feeds.m: expected one of simulate"),
    ("feeds: {m: {simulate: {}, command: python}}", "line 1, feeds.m: expected one of simulate"),
    ("feeds: {m: {simulate: {speed: fast}}}", 'line 1, feeds.m.simulate.speed: found "fast"; expected 1x, 60x or another such factor, or max'),
    ("feeds: {m: {publish: {speed: max}}}", "line 1, feeds.m.publish: expected one of ticks, bars and signals, and its file"),
    ("feeds: {m: {publish: {ticks: day.csv, bars: day.csv}}}", "line 1, feeds.m.publish: expected one of ticks, bars and signals"),
    ("feeds: {m: {publish: {ticks: none.csv}}}", 'line 1, feeds.m.publish.ticks: found "none.csv", and no such file'),
    ("feeds: {m: {publish: {ticks: day.csv, from: noon}}}", 'line 1, feeds.m.publish.from: found "noon"; expected an ISO time'),
    ("feeds: {desk-2: {simulate: {}}}", "line 1, feeds.desk-2: a part of Ghostfill has this name; expected another"),
    ("feeds: {a b: {simulate: {}}}", 'line 1, feeds.a b: found "a b"; expected a name of up to 30 letters'),
    ("strategies: {s: python}", 'line 1, strategies.s: found "python"; expected command: '),
    ("strategies: {s: {folder: .}}", "line 1, strategies.s: expected command: a program and its arguments"),
    ("strategies: {s: {command: [nothing-of-the-sort]}}", 'line 1, strategies.s.command: found no program "nothing-of-the-sort"; expected one that is on PATH'),
    ("strategies: {s: {command: [./day.csv]}}", 'line 1, strategies.s.command: found no program "./day.csv"'),
    ("strategies: {s: {command: [python], folder: nowhere}}", 'line 1, strategies.s.folder: found "nowhere"; expected a folder that is there'),
    ("strategies: {s: {command: [python], environment: {a b: 1}}}", 'line 1, strategies.s.environment.a b: found "a b"; expected the name of a variable'),
    ("feeds: {m: {simulate: }}\nstrategies: {m: {command: [python]}}", "line 2, strategies.m: a feed has this name; expected another"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_is_wrong_is_told_with_its_place(parse, text, said):
    with pytest.raises(SettingsError, match=f"^ghostfill.yaml, {re.escape(said)}") as raised:
        parse(text)
    assert len(raised.value.faults) == 1


def test_all_that_is_wrong_is_told_at_once(parse):
    with pytest.raises(SettingsError) as raised:
        parse("workers: no\nweb: {port: 0, host: }\naccounts:\n  a: {}\n  b: {preset: x}\nfeed: {}\n")
    assert [fault.partition(":")[0].removeprefix("ghostfill.yaml, ") for fault in raised.value.faults] == [
        "line 1, workers", "line 2, web.port", "line 4, accounts.a", "line 5, accounts.b.preset", "line 6, feed"
    ]  # fmt: skip


def test_options_count_more_than_the_file():
    written = Setup(workers=2, markets=("eu",), web=WebSetup(port=80, names=("a",)), parts=("trader",))
    said = {
        "workers": None,
        "markets": ("us",),
        "parts": (),
        "web_port": 81,
        "web_names": (),
        "kafka_port": 9,
    }
    assert with_options(written, {**said, "clickhouse_ticks": False}) == replace(
        written,
        markets=("us",),
        web=WebSetup(port=81, names=("a",)),
        kafka=KafkaSetup(port=9),
        clickhouse=ClickHouseSetup(ticks=False),
    )


def test_feeds_and_strategies_run_beside_the_trader_alone(tmp_path):
    setup = Setup(feeds={"m": Simulated()}, strategies={"s": Own(("python",), tmp_path)})
    for parts, names in ((("trader",), ["m", "s"]), (("results", "dashboard"), [])):
        made = Parts(Home(tmp_path), replace(setup, parts=parts), {}).theirs({}, 0)
        assert [part.name for part in made] == names


def test_a_file_goes_on_behind_its_market(tmp_path):
    home = Home(tmp_path)
    paced = Published("ticks", tmp_path / "a.csv", "60x", "2026-01-05T14:30Z", "eu")
    setup = Setup(feeds={"a": paced, "b": Published("bars", tmp_path / "b.csv", symbol="B")})
    now = 1_767_623_400 * SECOND

    def words(newest):
        return [
            " ".join(part.command[3:]).replace(str(tmp_path), "")
            for part in Parts(home, setup, {}).theirs(newest, now)
        ]

    assert words({}) == [
        "publish ticks /a.csv --speed 60x --market eu --from 2026-01-05T14:30:00Z --at 2026-01-05T14:30:02Z",
        "publish bars /b.csv --speed max --symbol B",
    ]
    assert words({"ticks.eu": now + SECOND, "ticks": now}) == [
        "publish ticks /a.csv --speed 60x --after 2026-01-05T14:30:01Z --market eu --from 2026-01-05T14:30:01Z --at 2026-01-05T14:30:02Z",
        "publish bars /b.csv --speed max --symbol B --after 2026-01-05T14:30:00Z",
    ]


# init ------------------------------------------------------------------------------------------


def test_init_writes_what_is_as_usual(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run("init") == 0
    assert read_setup(tmp_path / "ghostfill.yaml") == Setup(file=tmp_path / "ghostfill.yaml")
    (tmp_path / "ghostfill.yaml").write_text("mine")
    assert run("init") == 1
    assert "ghostfill.yaml exists already and was not changed" in capsys.readouterr().err
    assert (tmp_path / "ghostfill.yaml").read_text() == "mine"
    assert run("init other.yaml") == 0


def test_what_init_comments_out_is_as_usual_or_an_example(tmp_path):
    (tmp_path / "monday.csv.gz").touch()
    said = parse_setup(re.sub(r"^#(?=\w|  )", "", TEXT, flags=re.MULTILINE), tmp_path / "g.yaml")
    assert (set(said.accounts), set(said.feeds)) == ({"mine"}, {"made-up", "monday", "exchange"})
    assert said.strategies["breakout"].command == ("python", "my_strategy.py", "--fast")
    assert replace(said, accounts={}, feeds={}, strategies={}, file=None) == Setup()
