"""Changing a record: what is read, what is written, and what becomes of those who come second."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from handlers.approvals.rules.record import Record
from handlers.approvals.rules.refusal import Reason, Refusal
from handlers.approvals.usecases.ports import ContendedError, UnavailableError
from handlers.approvals.usecases.records import LONGEST_PAUSE_SECONDS, PATIENCE_SECONDS
from tests.support.fakes import MemoryStore, records_of, unavailable
from tests.support.records import ASKED_AT, REQUEST_ID, record
from tests.support.services import FakeClock

NO = Refusal(reason=Reason.CLOSED)


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


@pytest.mark.parametrize(
    ("rule", "refusal"), [(lambda latest: latest, None), (lambda _latest: NO, NO)], ids=["nothing", "refusal"]
)
def test_a_rule_that_changes_nothing_or_refuses_reads_and_writes_nothing(rule, refusal):
    store = MemoryStore(record())
    assert records_of(store).change(record(), rule) == (record(), refusal)
    assert store.calls == []
    empty = MemoryStore()
    assert records_of(empty).open(REQUEST_ID, lambda _latest: NO) == (None, NO)
    assert (empty.calls, empty.record) == (["get"], None)


@pytest.mark.parametrize(
    ("rule", "calls", "refused"),
    [
        (next_round, ["replace", "get", "replace"], None),
        (lambda latest: NO if latest.round == 7 else next_round(latest), ["replace", "get"], NO),
        (lambda latest: replace(latest, round=7), ["replace", "get"], None),
    ],
    ids=["changes it", "is refused", "finds the same change made"],
)
def test_whoever_was_overtaken_looks_again_and_goes_by_what_is_there(rule, calls, refused):
    store = ahead()
    after, refusal = records_of(store).change(record(), rule)
    assert (store.calls, refusal) == (calls, refused)
    assert after == store.record
    assert (after.round, after.version) == ((8, 3) if len(calls) == 3 else (7, 2))


@pytest.mark.parametrize("now", [[], [record(execution_arn="arn:second", version=5)]], ids=["", "and made anew"])
def test_a_record_that_has_been_deleted_is_gone_and_not_made_again(now):
    """By another run of the same start, perhaps."""
    store = MemoryStore(*now)
    after, refusal = records_of(store).change(record(), next_round)
    assert store.calls == ["replace", "get"]
    assert (after, refusal) == (record(), Refusal(reason=Reason.GONE)), "as it was seen"
    assert [store.record] == (now or [None])


@pytest.mark.parametrize("before", [[record()], []], ids=["to change a record", "to make one"])
def test_whoever_never_gets_a_turn_waits_longer_and_never_in_step_and_gives_up_in_time(before):
    store, clock = Busy(*before), FakeClock()
    records = records_of(store, clock)
    attempt = partial(records.change, record(), next_round) if before else partial(records.open, REQUEST_ID, made)
    with pytest.raises(ContendedError) as contended:
        attempt()
    assert (contended.value.kind, str(contended.value)) == ("Contended", REQUEST_ID)
    assert isinstance(contended.value, UnavailableError), "trying it all again is safe"
    assert PATIENCE_SECONDS < clock.now() - ASKED_AT <= PATIENCE_SECONDS + LONGEST_PAUSE_SECONDS
    assert clock.slept[0] <= 0.01
    assert LONGEST_PAUSE_SECONDS / 4 < max(clock.slept) <= LONGEST_PAUSE_SECONDS
    assert len(set(clock.slept)) == len(clock.slept)
    assert [store.record] == (before or [None])


@pytest.mark.parametrize(("troubles", "calls"), [([unavailable()], 1), ([None, unavailable()], 2)])
def test_a_store_that_does_not_answer_is_not_asked_again(troubles, calls):
    store = ahead()
    store.troubles = troubles
    with pytest.raises(UnavailableError):
        records_of(store).change(record(), next_round)
    assert len(store.calls) == calls


def made(latest: Record | None) -> Record:
    return next_round(latest) if latest else record(version=0)


@pytest.mark.parametrize(
    ("before", "calls", "round_", "version"),
    [([], ["get", "create"], 1, 1), ([record()], ["get", "replace"], 2, 2)],
    ids=["not there yet", "there"],
)
def test_a_record_that_is_not_there_yet_is_made_and_one_that_is_there_changed(before, calls, round_, version):
    store = MemoryStore(*before)
    after, refusal = records_of(store).open(REQUEST_ID, made)
    assert (store.calls, refusal) == (calls, None)
    assert after
    assert (after.round, after.version) == (round_, version)
    assert store.record == after


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
