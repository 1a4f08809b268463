"""The database store: the promise of every store, and what only a database can promise."""

import pytest
from hypothesis import settings

from chat.stores.base import MessageStore
from chat.stores.database import DatabaseStore

from .contract import ROOM, MakeStore, StoreContract
from .machine import LIMITS, STEPS, StoreMachine

pytestmark = pytest.mark.django_db(transaction=True)


class TestDatabaseStore(StoreContract):
    @pytest.fixture
    def make_store(self) -> MakeStore:
        return DatabaseStore


class DatabaseMachine(StoreMachine):
    kept = None
    cids_kept = None

    async def _made(self) -> MessageStore:
        # Another history begins in the same tables.
        store = DatabaseStore(LIMITS)
        await store.clear(ROOM)
        return store


TestDatabaseHistories = DatabaseMachine.TestCase
# A step asks some fifty questions, each of them a visit to the database.
TestDatabaseHistories.settings = settings(
    STEPS, max_examples=max(3, STEPS.max_examples // 6), stateful_step_count=25
)
