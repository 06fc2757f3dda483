"""A client of Kafka's administration, shared by threads: each gets its answers, whoever gives the client up."""

import threading

from streams.clients import kafka
from streams.clients.kafka import ends, renew_admin


def test_who_awaits_an_answer_gets_it_though_another_gives_the_client_up(cluster, topics, monkeypatch):
    monkeypatch.setattr(kafka, "ANSWER_S", 8.0)
    monkeypatch.setattr(kafka, "PATIENCE_S", 8.0)
    place = topics({"asked": 1})["asked"], 0
    done = threading.Event()

    def give_up():
        while not done.wait(0.001):
            renew_admin()

    other = threading.Thread(target=give_up)
    other.start()
    try:
        assert [ends(cluster, [place]) for _ in range(5)] == [{place: 0}] * 5
    finally:
        done.set()
        other.join()
