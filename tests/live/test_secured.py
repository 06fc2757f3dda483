"""A cluster that asks who is there: every client of ours is let in, and who cannot prove it is told so."""

from dataclasses import replace

import pytest

from tests.live.secured import doctor_of, fills_of_a_signal, secured_kafka

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
        assert fills_of_a_signal(tmp_path, kafka.cluster) == 1
        if mechanism:
            said = doctor_of(replace(kafka.cluster, password="wrong"))
            assert "refuses the connection" in said and "KAFKA_SASL_PASSWORD" in said
