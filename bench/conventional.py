"""What is usually written in ingest's place: FastAPI, Pydantic, and aiokafka's `send()` for each event.

It takes the same bodies, answers 202 after the same acknowledgements (acks=all, snappy), and checks no key.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI, Request
from pydantic import AwareDatetime, BaseModel, Field


class Incoming(BaseModel):
    event_id: str = Field(min_length=1, max_length=200)
    account_id: str = Field(min_length=1, max_length=200)
    name: str = Field(max_length=100)
    user_id: str | None = None
    time: AwareDatetime | None = None
    properties: dict[str, Any] | None = None


class Written(Incoming):
    source: str
    received_at: datetime


def build(bootstrap: str, topic: str) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", compression_type="snappy", linger_ms=0)
        await producer.start()
        app.state.producer = producer
        try:
            yield
        finally:
            await producer.stop()

    app = FastAPI(lifespan=lifespan)

    @app.get("/readyz")
    async def readyz() -> str:
        return "ready"

    @app.post("/v1/events", status_code=202)
    async def post_events(incoming: list[Incoming] | Incoming, request: Request) -> dict[str, int]:
        events = incoming if isinstance(incoming, list) else [incoming]
        producer: AIOKafkaProducer = request.app.state.producer
        now = datetime.now(UTC)
        sent = []
        for event in events:
            written = Written(**event.model_dump(), source="web", received_at=now)
            value = written.model_dump_json().encode()
            sent.append(await producer.send(topic, value, key=event.account_id.encode()))
        await asyncio.gather(*sent)
        return {"accepted": len(events)}

    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args()
    app = build(asked.bootstrap, asked.topic)
    uvicorn.run(app, host="127.0.0.1", port=asked.port, loop="uvloop", http="httptools", log_level="warning")


if __name__ == "__main__":
    main()
