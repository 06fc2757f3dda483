"""What we override or call of Faust, mode and aiokafka by private names, as it was when it was read.

A difference says: read the new source, see that what ours relies on still holds, and pin what
`python -m tests.transport.test_pins` prints.
"""

import hashlib
import importlib
import inspect
import sys

import pytest

PINS = {
    "faust.transport.consumer:Consumer.__init__": "302410d59e69",
    "faust.transport.consumer:Consumer._filter_tps_with_pending_acks": "f6f923977423",
    "faust.transport.consumer:Consumer._get_active_partitions": "b24897f3c7af",
    "faust.transport.consumer:Consumer._is_changelog_tp": "88867d75cfe9",
    "faust.transport.consumer:Consumer._new_offset": "1d2c7ea89a7a",
    "faust.transport.consumer:Consumer._commit_tps": "a20e230b05ae",
    "faust.transport.consumer:Consumer._commit_offsets": "1a6979904118",
    "faust.transport.consumer:Consumer._filter_committable_offsets": "dc5e9baf5d99",
    "faust.transport.consumer:Consumer._should_commit": "5ce941793947",
    "faust.transport.consumer:Consumer._drain_messages": "44a2500309e8",
    "faust.transport.consumer:Consumer.ack": "5fcf41cf4515",
    "faust.transport.consumer:Consumer.commit": "a354437baaa0",
    "faust.transport.consumer:Consumer.commit_and_end_transactions": "892377824b11",
    "faust.transport.consumer:Consumer.maybe_wait_for_commit_to_finish": "d687f63a0b5e",
    "faust.transport.consumer:Consumer.getmany": "4b168d84882a",
    "faust.transport.consumer:Consumer.on_partitions_assigned": "29ce96596f05",
    "faust.transport.consumer:Consumer.on_partitions_revoked": "d04b7ae72c6f",
    "faust.transport.consumer:Consumer.on_stop": "45b1d2210ce2",
    "faust.transport.consumer:Consumer.perform_seek": "0e8c130ff4b0",
    "faust.transport.consumer:Consumer.resume_flow": "db59630f25b5",
    "faust.transport.consumer:Consumer.stop_flow": "cf7e875a2b0d",
    "faust.transport.consumer:ThreadDelegateConsumer.__init__": "7072ae80eac1",
    "faust.transport.consumer:ThreadDelegateConsumer._getmany": "f9d47aa9010b",
    "faust.transport.consumer:ThreadDelegateConsumer.seek_to_committed": "f1d483b861b0",
    "faust.transport.drivers.aiokafka:Consumer._new_consumer_thread": "0870ec53dea7",
    "faust.transport.drivers.aiokafka:Consumer._to_message": "7c24f6511b2f",
    "faust.transport.drivers.aiokafka:ConsumerRebalanceListener": "f3d04f29dfb3",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._create_worker_consumer": "c2701bfc3e6f",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._ensure_consumer": "ff4a4c693b7e",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._fetch_records": "39a2c6c79fc1",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread.seek_to_committed": "775ab0adc4b0",
    "faust.transport.drivers.aiokafka:Producer": "d160f20ab8ec",
    "faust.transport.drivers.aiokafka:credentials_to_aiokafka_auth": "364c9c9c6852",
    "faust.transport.producer:Producer.__init__": "5c53a4b47aa1",
    "faust.transport.producer:ProducerBuffer": "7d4d7ab98f26",
    "faust.tables.recovery:Recovery._resume_streams": "d986a6710c1a",
    "faust.tables.recovery:Recovery._restart_recovery": "6bd8a8558a2d",
    "faust.tables.recovery:Recovery.on_recovery_completed": "6ef567acf072",
    "faust.app.base:App._create_directories": "a9f571c3b04a",
    "faust.app.base:App._on_partitions_assigned": "de932b7927db",
    "faust.app.base:App._on_partitions_revoked": "d5c895bbe57d",
    "faust.app.base:App._stop_consumer": "55854a5de12c",
    "faust.app.base:App.on_stop": "bfe5a933defb",
    "faust.types.tuples:Message": "e8c4626e9919",
    "faust.types.tuples:ConsumerMessage": "5edc45d571eb",
    "mode.services:Service.crash": "14980000465d",
    "mode.services:Service._crash": "7bc0c709a151",
    "mode.services:Service.stop": "e17cd2b6bd01",
    "mode.services:Service.wait_first": "feade6a31f8a",
    "mode.services:Service._init_subclass_tasks": "00f556deddf9",
    "mode.threads:MethodQueue.__init__": "18d65a8ad4d7",
    "mode.threads:QueueServiceThread": "219c18b1f499",
    "mode.utils.queues:FlowControlEvent": "1da8f905ab65",
    "aiokafka.consumer.consumer:AIOKafkaConsumer.__init__": "01506f316191",
    "aiokafka.consumer.consumer:AIOKafkaConsumer.seek_to_committed": "f6cd85c8b70a",
    "aiokafka.consumer.consumer:AIOKafkaConsumer.start": "2f1ba7044332",
    "aiokafka.consumer.fetcher:FetchError": "10966ad4c795",
    "aiokafka.consumer.fetcher:FetchResult": "d7db13f06de8",
    "aiokafka.consumer.fetcher:Fetcher._create_fetch_waiter": "61d840568746",
    "aiokafka.consumer.fetcher:Fetcher._notify": "d3a30d94f34f",
    "aiokafka.consumer.fetcher:Fetcher._proc_fetch_request": "59bf948fff47",
    "aiokafka.consumer.fetcher:Fetcher._set_error": "d29810f3f509",
    "aiokafka.consumer.fetcher:Fetcher.fetched_records": "be4348896b9b",
    "aiokafka.consumer.fetcher:PartitionRecords": "94aa0da0dbec",
    "aiokafka.producer.message_accumulator:BatchBuilder": "8050802ca751",
    "aiokafka.producer.message_accumulator:MessageAccumulator": "562530971ca9",
    "aiokafka.producer.message_accumulator:MessageBatch": "36a7b1dac89d",
    "aiokafka.producer.producer:AIOKafkaProducer.__init__": "fd6f2966fb3d",
    "aiokafka.producer.producer:AIOKafkaProducer.send_batch": "bf42b0f0c5c0",
    "aiokafka.producer.sender:SendProduceReqHandler": "708c9da866ca",
    "aiokafka.producer.sender:Sender._sender_routine": "2380dc5e333d",
    "aiokafka.client:AIOKafkaClient.send": "246b277687d7",
}


def fingerprint(name: str) -> str:
    module, _, path = name.partition(":")
    found = importlib.import_module(module)
    for part in path.split("."):
        found = inspect.getattr_static(found, part)
    inner = getattr(found, "__wrapped__", None) or getattr(found, "fun", None)  # of mode's decorators
    source = inspect.getsource(inner or found)
    return hashlib.sha256(source.encode()).hexdigest()[:12]


@pytest.mark.parametrize("name", PINS)
def test_it_is_what_we_read(name):
    assert fingerprint(name) == PINS[name]


if __name__ == "__main__":
    for each in PINS:
        sys.stdout.write(f'    "{each}": "{fingerprint(each)}",\n')
