"""The bus on Apache Kafka, or a broker with the same protocol. Services import the adapters from here."""

from common.bus.kafka_admin import KafkaAdmin
from common.bus.kafka_consumer import KafkaConsumer
from common.bus.kafka_producer import KafkaProducer

__all__ = ["KafkaAdmin", "KafkaConsumer", "KafkaProducer"]
