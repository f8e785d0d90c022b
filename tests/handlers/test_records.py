"""Changing a record: what is read, what is written, and what becomes of those who come second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from handlers.approvals.rules.record import Record
from handlers.approvals.rules.refusal import Reason, Refusal
from handlers.approvals.usecases.ports import ContendedError, UnavailableError
from handlers.approvals.usecases.records import LONGEST_PAUSE_SECONDS, PATIENCE_SECONDS
from tests.support.fakes import MemoryStore, records_of, unavailable
from tests.support.records import ASKED_AT, REQUEST_ID, record
from tests.support.services import FakeClock

NO = Refusal(reason=Reason.CLOSED)


def retitled(title: str) -> Callable[[Record], Record]:
    return lambda latest: replace(latest, title=title)


def next_round(latest: Record) -> Record:
    return replace(latest, round=latest.round + 1)


def ahead() -> MemoryStore:
    """A store whose record somebody else has changed since `record()` was seen."""
    return MemoryStore(record(version=2, round=7))


class Busy(MemoryStore):
    """Somebody else is always quicker."""

    def replace(self, seen: Record, after: Record) -> Record | None:
        self._called("replace")
        return None

    def create(self, record: Record) -> Record | None:
        self._called("create")
        return None


def test_a_change_is_one_write_and_no_read():
    store = MemoryStore(record())
    after, refusal = records_of(store).change(record(), next_round)
    assert store.calls == ["replace"]
    assert (after.round, after.version, refusal) == (2, 2, None)
    assert store.record == after


def test_a_rule_that_changes_nothing_reads_and_writes_nothing():
    store = MemoryStore(record())
    assert records_of(store).change(record(), lambda latest: latest) == (record(), None)
    assert store.calls == []


def test_a_refusal_reads_and_writes_nothing():
    store = MemoryStore(record())
    assert records_of(store).change(record(), lambda latest: NO) == (record(), NO)
    assert store.calls == []


def test_whoever_was_overtaken_looks_again_and_goes_by_what_is_there():
    store = ahead()
    after, refusal = records_of(store).change(record(), next_round)
    assert store.calls == ["replace", "get", "replace"]
    assert (after.round, after.version, refusal) == (8, 3, None)


def test_whoever_was_overtaken_is_refused_by_what_is_there():
    store = ahead()
    latest, refusal = records_of(store).change(record(), lambda one: NO if one.round == 7 else next_round(one))
    assert store.calls == ["replace", "get"]
    assert (latest, refusal) == (store.record, NO)
    assert latest.round == 7


def test_whoever_was_overtaken_by_the_same_change_writes_nothing():
    store = MemoryStore(record(version=2, title="Order lunch"))
    latest, refusal = records_of(store).change(record(), retitled("Order lunch"))
    assert store.calls == ["replace", "get"]
    assert (latest, refusal) == (store.record, None)


def test_a_record_that_has_been_deleted_is_gone_and_not_made_again():
    store = MemoryStore()
    after, refusal = records_of(store).change(record(), next_round)
    assert store.calls == ["replace", "get"]
    assert after == record(), "as it was seen"
    assert refusal
    assert refusal.reason is Reason.GONE
    assert store.record is None


def test_whoever_never_gets_a_turn_gives_up_in_time_and_has_written_nothing():
    store, clock = Busy(record()), FakeClock()
    with pytest.raises(ContendedError) as contended:
        records_of(store, clock).change(record(), next_round)
    assert (contended.value.kind, str(contended.value)) == ("Contended", REQUEST_ID)
    assert isinstance(contended.value, UnavailableError), "trying it all again is safe"
    assert PATIENCE_SECONDS < clock.now() - ASKED_AT <= PATIENCE_SECONDS + LONGEST_PAUSE_SECONDS
    assert store.record == record()


def test_those_who_wait_for_a_turn_wait_longer_and_never_in_step():
    store, clock = Busy(record()), FakeClock()
    with pytest.raises(ContendedError):
        records_of(store, clock).change(record(), next_round)
    assert clock.slept[0] <= 0.01
    assert max(clock.slept) <= LONGEST_PAUSE_SECONDS
    assert max(clock.slept) > LONGEST_PAUSE_SECONDS / 4
    assert len(set(clock.slept)) == len(clock.slept)


@pytest.mark.parametrize(("troubles", "calls"), [([unavailable()], 1), ([None, unavailable()], 2)])
def test_a_store_that_does_not_answer_is_not_asked_again(troubles, calls):
    store = ahead()
    store.troubles = troubles
    with pytest.raises(UnavailableError):
        records_of(store).change(record(), next_round)
    assert len(store.calls) == calls


def made(latest: Record | None) -> Record:
    return next_round(latest) if latest else record(version=0)


def test_a_record_that_is_not_there_yet_is_made():
    store = MemoryStore()
    after, refusal = records_of(store).open(REQUEST_ID, made)
    assert store.calls == ["get", "create"]
    assert (after, refusal) == (record(version=1), None)
    assert store.record == after


def test_a_record_that_is_there_is_changed():
    store = MemoryStore(record())
    after, refusal = records_of(store).open(REQUEST_ID, made)
    assert store.calls == ["get", "replace"]
    assert after
    assert (after.round, after.version, refusal) == (2, 2, None)


def test_of_two_who_make_a_record_the_second_changes_the_firsts():
    class Overtaken(MemoryStore):
        def create(self, record: Record) -> Record | None:
            self.record = replace(record, version=1, round=7)
            return super().create(record)

    store = Overtaken()
    after, _ = records_of(store).open(REQUEST_ID, made)
    assert store.calls == ["get", "create", "get", "replace"]
    assert after
    assert (after.round, after.version) == (8, 2)


def test_a_refusal_to_make_a_record_makes_none():
    store = MemoryStore()
    assert records_of(store).open(REQUEST_ID, lambda latest: NO) == (None, NO)
    assert store.calls == ["get"]
    assert store.record is None


def test_whoever_can_never_make_a_record_gives_up():
    store, clock = Busy(), FakeClock()
    with pytest.raises(ContendedError):
        records_of(store, clock).open(REQUEST_ID, made)
    assert clock.now() - ASKED_AT > PATIENCE_SECONDS
    assert store.record is None


def test_a_record_that_another_run_has_made_anew_is_not_the_one_that_was_seen():
    """It was deleted, and the same start came again."""
    theirs = record(execution_arn="arn:second", version=5)
    store = MemoryStore(theirs)
    after, refusal = records_of(store).change(record(), next_round)
    assert (after, refusal) == (record(), Refusal(reason=Reason.GONE))
    assert store.record == theirs
