"""A cluster that asks who is there: every client of ours is let in, and who cannot prove it is told so."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from schemas.codec import encode
from schemas.messages import Decision, Signal, Tick
from streams.local.kafka import topics
from tests.live.instance import Instance, wall
from tests.live.secured import secured_kafka
from tests.live.worlds import Wanted, create

WAYS = [
    pytest.param("SASL_SSL", "SCRAM-SHA-512", id="a password, over TLS"),
    pytest.param("SASL_SSL", "PLAIN", id="a plain password, over TLS"),
    pytest.param("SASL_PLAINTEXT", "SCRAM-SHA-256", id="a password"),
    pytest.param("SSL", None, id="a certificate"),
]


@pytest.mark.live
@pytest.mark.parametrize(("protocol", "mechanism"), WAYS)
def test_it_trades_on_a_secured_cluster(tmp_path, protocol, mechanism):
    with secured_kafka(tmp_path, protocol, mechanism) as kafka:
        topics.apply(kafka.cluster)
        instance = Instance(tmp_path, kafka.cluster)
        try:
            _, desk = instance.run()
            create(
                instance, [Wanted("ghost", {"balance": 100_000, "size": {"fixed_notional": 1000}})], wall()
            )
            instance.await_drained(desk)
            signal = Signal(signal_id="s1", source="s", symbol="X", side="long", ts=wall())
            instance.send("signals", b"X", encode(signal))
            instance.flush()
            instance.await_drained(desk)
            instance.send("ticks", b"X", encode(Tick(symbol="X", ts=wall(), price=10**10)), partition=0)
            instance.flush()
            desk.until(lambda: bool(_decided(instance)), "does not decide")
            assert [each.decision for each in _decided(instance)] == ["accepted"], _decided(instance)
            desk.until(lambda: bool(instance.read("fills")), "does not fill")
        finally:
            instance.close()
        if mechanism:
            said = _doctor(replace(kafka.cluster, password="wrong"))
            assert "refuses the connection" in said and "KAFKA_SASL_PASSWORD" in said


def _decided(instance: Instance) -> list[Decision]:
    found = instance.messages("decisions")
    return [each for each in found if isinstance(each, Decision) and each.signal_id]


def _doctor(cluster) -> str:
    command = [sys.executable, "-m", "streams.cli", "doctor"]
    environment = {**os.environ, **cluster.environment()}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    return done.stdout + done.stderr
