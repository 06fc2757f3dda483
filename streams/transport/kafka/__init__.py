"""How to speak to Kafka: settings, reading by offset, writing with acknowledgements or dying."""
