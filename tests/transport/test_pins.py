"""What we override or call of Faust, mode and aiokafka by private names, as it was when it was read.

A difference says: read the new source, see that what ours relies on still holds, and pin what
`python -m tests.transport.test_pins` prints.
"""

import hashlib
import importlib
import inspect

import pytest

PINS = {
    "faust.transport.consumer:Consumer.__init__": "",
    "faust.transport.consumer:Consumer._filter_tps_with_pending_acks": "",
    "faust.transport.consumer:Consumer._get_active_partitions": "",
    "faust.transport.consumer:Consumer._is_changelog_tp": "",
    "faust.transport.consumer:Consumer._new_offset": "",
    "faust.transport.consumer:Consumer._commit_tps": "",
    "faust.transport.consumer:Consumer._commit_offsets": "",
    "faust.transport.consumer:Consumer._filter_committable_offsets": "",
    "faust.transport.consumer:Consumer._should_commit": "",
    "faust.transport.consumer:Consumer._drain_messages": "",
    "faust.transport.consumer:Consumer.ack": "",
    "faust.transport.consumer:Consumer.commit": "",
    "faust.transport.consumer:Consumer.commit_and_end_transactions": "",
    "faust.transport.consumer:Consumer.maybe_wait_for_commit_to_finish": "",
    "faust.transport.consumer:Consumer.getmany": "",
    "faust.transport.consumer:Consumer.on_partitions_assigned": "",
    "faust.transport.consumer:Consumer.on_partitions_revoked": "",
    "faust.transport.consumer:Consumer.on_stop": "",
    "faust.transport.consumer:Consumer.perform_seek": "",
    "faust.transport.consumer:Consumer.resume_flow": "",
    "faust.transport.consumer:Consumer.stop_flow": "",
    "faust.transport.consumer:ThreadDelegateConsumer.__init__": "",
    "faust.transport.consumer:ThreadDelegateConsumer._getmany": "",
    "faust.transport.consumer:ThreadDelegateConsumer.seek_to_committed": "",
    "faust.transport.drivers.aiokafka:Consumer._new_consumer_thread": "",
    "faust.transport.drivers.aiokafka:Consumer._to_message": "",
    "faust.transport.drivers.aiokafka:ConsumerRebalanceListener": "",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._create_worker_consumer": "",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._ensure_consumer": "",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._fetch_records": "",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread.seek_to_committed": "",
    "faust.transport.drivers.aiokafka:Producer": "",
    "faust.transport.drivers.aiokafka:credentials_to_aiokafka_auth": "",
    "faust.transport.producer:Producer.__init__": "",
    "faust.transport.producer:ProducerBuffer": "",
    "faust.tables.recovery:Recovery._resume_streams": "",
    "faust.tables.recovery:Recovery._restart_recovery": "",
    "faust.tables.recovery:Recovery.on_recovery_completed": "",
    "faust.app.base:App._create_directories": "",
    "faust.app.base:App._on_partitions_assigned": "",
    "faust.app.base:App._on_partitions_revoked": "",
    "faust.app.base:App._stop_consumer": "",
    "faust.app.base:App.on_stop": "",
    "faust.types.tuples:Message": "",
    "faust.types.tuples:ConsumerMessage": "",
    "mode.services:Service.crash": "",
    "mode.services:Service._crash": "",
    "mode.services:Service.stop": "",
    "mode.services:Service.wait_first": "",
    "mode.services:Service._init_subclass_tasks": "",
    "mode.threads:MethodQueue.__init__": "",
    "mode.threads:QueueServiceThread": "",
    "mode.utils.queues:FlowControlEvent": "",
    "aiokafka.consumer.consumer:AIOKafkaConsumer.__init__": "",
    "aiokafka.consumer.consumer:AIOKafkaConsumer.seek_to_committed": "",
    "aiokafka.consumer.consumer:AIOKafkaConsumer.start": "",
    "aiokafka.consumer.fetcher:FetchError": "",
    "aiokafka.consumer.fetcher:FetchResult": "",
    "aiokafka.consumer.fetcher:Fetcher._create_fetch_waiter": "",
    "aiokafka.consumer.fetcher:Fetcher._notify": "",
    "aiokafka.consumer.fetcher:Fetcher._proc_fetch_request": "",
    "aiokafka.consumer.fetcher:Fetcher._set_error": "",
    "aiokafka.consumer.fetcher:Fetcher.fetched_records": "",
    "aiokafka.consumer.fetcher:PartitionRecords": "",
    "aiokafka.producer.message_accumulator:BatchBuilder": "",
    "aiokafka.producer.message_accumulator:MessageAccumulator.add_batch": "",
    "aiokafka.producer.producer:AIOKafkaProducer.__init__": "",
    "aiokafka.producer.producer:AIOKafkaProducer.send_batch": "",
    "aiokafka.producer.sender:SendProduceReqHandler": "",
    "aiokafka.client:AIOKafkaClient.send": "",
}


def fingerprint(name: str) -> str:
    module, _, path = name.partition(":")
    found = importlib.import_module(module)
    for part in path.split("."):
        found = inspect.getattr_static(found, part)
    source = inspect.getsource(getattr(found, "__wrapped__", found))
    return hashlib.sha256(source.encode()).hexdigest()[:12]


@pytest.mark.parametrize("name", PINS)
def test_it_is_what_we_read(name):
    assert fingerprint(name) == PINS[name]


if __name__ == "__main__":
    for each in PINS:
        print(f'    "{each}": "{fingerprint(each)}",')  # noqa: T201
