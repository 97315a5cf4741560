"""The bus on Apache Kafka, or whatever speaks its protocol, by way of aiokafka."""

from common.bus.kafka_admin import KafkaAdmin
from common.bus.kafka_consumer import KafkaConsumer
from common.bus.kafka_producer import KafkaProducer

__all__ = ["KafkaAdmin", "KafkaConsumer", "KafkaProducer"]
