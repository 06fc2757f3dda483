"""Three brokers that let in only who proves who they are, over TLS."""

from dataclasses import replace

import pytest

from tests.cluster.brokers import three_brokers
from tests.live.secured import Security, certificates_in, doctor_of, fills_of_a_signal

pytestmark = pytest.mark.cluster


def test_it_trades_there_and_says_why_somebody_is_not_let_in(tmp_path):
    security = Security("SASL_SSL", "SCRAM-SHA-512", certificates_in(tmp_path / "proofs"))
    with three_brokers(tmp_path / "brokers", security) as brokers:
        assert fills_of_a_signal(tmp_path, brokers.cluster) == 1
        said = doctor_of(replace(brokers.cluster, password="wrong"))
        assert "refuses the connection" in said and "KAFKA_SASL_PASSWORD" in said
        others = certificates_in(tmp_path / "others").file("ca.pem")
        said = doctor_of(replace(brokers.cluster, ca_file=others))
        assert "refuses the connection" in said and "KAFKA_SSL_CA" in said
