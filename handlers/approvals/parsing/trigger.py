"""An execution's input, and the question in it."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from handlers.approvals.faces import when
from handlers.contract.fault import RefusedError
from handlers.contract.form_fields import as_json, as_text, read_fields, read_links, too_large
from handlers.contract.once import RepeatedError, parse
from handlers.contract.policy import DEFAULT_POLICY
from handlers.contract.question import CUT_SHORT, LIMITS, Field
from handlers.contract.visible import blank, one_line, quoted

TEXTS = (*LIMITS, Field.POLICY.value)
SPECS: Mapping[str, Callable[[Any], Sequence[Any]]] = {Field.FIELDS.value: read_fields, Field.LINKS.value: read_links}
OURS = (*TEXTS, *SPECS)
FAULT_SHOWN = 190  # characters
QUOTED = 60  # characters of a key that is refused
SCHEDULERS = ("aws.events", "aws.scheduler")  # whose "Scheduled Event" has the scheduled time as its `time`


class InvalidTask(Exception):  # noqa: N818 - the state machine catches this name
    """The trigger's input is not a valid task; the workflow fails with this message as its cause."""


class Policies(NamedTuple):
    """The policies that a run may be asked under, with the number of their people, and which is for events."""

    known: Mapping[str, int]
    of_events: str = DEFAULT_POLICY


class Came(NamedTuple):
    """What a run was started with: the object that holds the question, and the fallback if it has no title."""

    asked: dict[str, Any]
    event: str = ""  # the title of an event that has none; any other run falls back to the stack's question
    policy: Any = None  # who sends an event is not trusted with it


def question(
    trigger: Any, stacks_own: Mapping[str, Any], policies: Policies, *, event_details: bool = True
) -> dict[str, Any]:
    """What to ask: title, details, requestedBy, policy, and the lists fields and links.

    A run with its own title has its own details or none, and its own policy or `default`: the stack's `task` is used as
    a whole or not at all. An event with neither title nor details has its detail, if `event_details`, so that nobody
    has to approve what they cannot see. Raises InvalidTask.
    """
    came = read(trigger)
    asked: dict[str, Any] = {name: text_of(came.asked, name) for name in LIMITS}
    # An event without a title of its own asks nothing: whatever it calls fields or links is data.
    asked |= specified({} if came.event and not asked[Field.TITLE] else came.asked)
    if event_details and came.event and not asked[Field.TITLE] and not asked[Field.DETAILS]:
        asked[Field.DETAILS] = _detail(came.asked)
    policy = policies.of_events if came.event else text_of({Field.POLICY: came.policy}, Field.POLICY)
    if not asked[Field.TITLE] and came.event:
        asked[Field.TITLE] = came.event
    elif not asked[Field.TITLE]:
        asked |= _stacks_question(asked, stacks_own)
        policy = policy or text_of(stacks_own, Field.POLICY)
    return asked | {Field.POLICY.value: known_policy(policy or DEFAULT_POLICY, policies.known)}


def specified(given: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Its fields and links. Raises InvalidTask, which names the first fault by its path."""
    return {name: as_json(found) for name, found in _specified(given).items()}


def specs(given: Mapping[str, Any], people: int) -> dict[str, str]:
    """Its fields and links as canonical texts, without those that are empty. Raises InvalidTask, too."""
    found = _specified(given)
    if fault := too_large(found[Field.FIELDS], found[Field.LINKS], people):
        raise InvalidTask(str(fault))
    return {name: as_text(one) for name, one in found.items() if one}


def _specified(given: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    found = {}
    for name, read in SPECS.items():
        try:
            found[name] = read(given.get(name))
        except RefusedError as error:
            words = str(error.faults[0].below(name)).encode("ascii", "backslashreplace").decode()
            raise InvalidTask(one_line(words, FAULT_SHOWN)) from error
    return found


def known_policy(policy: str, known: Collection[str]) -> str:
    """The policy. Raises InvalidTask, which names what there is."""
    if policy not in known:
        raise InvalidTask(f"policy must be one of {', '.join(known)}, got {quoted(policy, QUOTED)}")
    return policy


def scheduled_for(trigger: Any) -> str:
    """The time for which a schedule started the run; "" for any other run, and for an input that cannot be read."""
    try:
        outer = _object("the input", trigger)
    except InvalidTask:
        return ""
    if "detail-type" not in outer:
        return when.utc(outer.get("scheduledTime"))
    by_time = outer["detail-type"] == "Scheduled Event" and outer.get("source") in SCHEDULERS
    return when.utc(outer.get("time")) if by_time else ""


def read(trigger: Any) -> Came:
    """The one place that knows where the fields are, in an EventBridge event and in any other input.

    Missing, null and blank all mean "not given". Other keys are allowed, but one of ours misspelled or misplaced is an
    error: people would be asked the wrong question. In an event's `detail`, any key is allowed.
    """
    outer = _object("the input", trigger)
    if "detail-type" in outer:
        refuse_slips(outer, (*OURS, "task", "detail"))
        _refuse(outer, (*LIMITS, *SPECS, "task"), "beside detail-type: an event's question is read from its detail")
        _refuse(outer, [Field.POLICY], "beside detail-type: the stack's eventPolicy says it for events")
        return _event(outer)
    refuse_slips(outer, (*OURS, "task", "detail-type"))
    asked = outer
    if _given(outer.get("task")):
        _refuse(outer, OURS, "beside task: a question is read from one place")
        asked = _object("the task", outer["task"])
        refuse_slips(asked, (*OURS, "task"))
        _refuse(asked, ["task"], "inside task: title and details are read there")
    return Came(asked, policy=asked.get(Field.POLICY))


def _event(event: dict[str, Any]) -> Came:
    kind, source = text_of(event, "detail-type"), text_of(event, "source")
    # Truncated here, as this title is our own.
    name = f"{kind or 'Event'} from {source or 'an unknown source'}"[: LIMITS[Field.TITLE]].strip()
    return Came(_object("detail", event.get("detail")), name)


def _detail(detail: Mapping[str, Any]) -> str:
    """Of an event, as JSON; its beginning, if it is too long. `requestedBy` is said beside it.

    Nothing is refused here: an event has the schema of its sender, and its runs have to go on.
    """
    shown = {key: value for key, value in detail.items() if key not in LIMITS}
    if not shown:
        return ""
    limit = LIMITS[Field.DETAILS]
    try:
        # Half of a surrogate pair, which no service takes, is escaped.
        text = _json(shown, limit).encode(errors="backslashreplace").decode()
    except RecursionError:
        return f"{CUT_SHORT}the event's detail is nested too deeply to be shown.)"
    if len(text) <= limit:
        return text
    said = f"{CUT_SHORT}the event's detail has {len(text):,} characters, of which these are the first.)\n\n"
    return said + text[: limit - len(said)].rstrip()


def _json(value: Any, limit: int, *, allow_nan: bool = True) -> str:
    """Indented, unless that makes it too long: of what is nested deeply, a thousandfold."""
    compact = json.dumps(value, ensure_ascii=False, allow_nan=allow_nan)
    indented = json.dumps(value, indent=2, ensure_ascii=False) if len(compact) <= limit else compact
    return indented if len(indented) <= limit else compact


def _stacks_question(given: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    for name in (Field.DETAILS, *SPECS):
        if given[name]:
            raise InvalidTask(
                f"title must not be missing beside {name}: the stack's `task` is asked as a whole or not at all"
            )
    asked: dict[str, Any] = {name.value: text_of(own, name) for name in (Field.TITLE, Field.DETAILS)}
    if not asked[Field.TITLE]:
        raise InvalidTask("title must not be empty: neither the input nor the stack's `task` config has one")
    return asked | specified(own)


def _given(value: Any) -> bool:
    return not (value is None or (isinstance(value, str) and blank(value)))


def _object(name: str, value: Any) -> dict[str, Any]:
    """JSON in a string is parsed: EventBridge Scheduler sends "{}" as detail, and some callers encode twice."""
    if not _given(value):
        return {}
    held, got = value, type(value).__name__
    if isinstance(value, str):
        try:
            held = parse(value)
            got += f" that holds {type(held).__name__}"
        except RepeatedError as error:
            key = json.dumps(error.name)[:QUOTED]
            raise InvalidTask(f"{name} must have each key once, got {key} {error.times} times") from error
        except (ValueError, RecursionError):
            got += " that is not JSON"
    if not isinstance(held, dict):
        raise InvalidTask(f"{name} must be a JSON object, got {got}")
    return held


def refuse_slips(given: dict[str, Any], names: Iterable[str]) -> None:
    """Refuse a key that differs from one of ours only in case or in separators."""
    ours = {_letters(name): name for name in names}
    for key, value in given.items():
        meant = ours.get(_letters(key), key)
        if key != meant and _given(value):
            raise InvalidTask(f"{meant} must be spelled exactly that way, got {json.dumps(key)[:QUOTED]}")


def _letters(key: str) -> str:
    return "".join(filter(str.isalnum, key)).casefold()


def _refuse(given: dict[str, Any], names: Iterable[str], where: str) -> None:
    for name in names:
        if _given(given.get(name)):
            raise InvalidTask(f"{name} must not be {where}")


def text_of(given: Mapping[str, Any], name: str) -> str:
    """The text, stripped; "" if not given."""
    value = given.get(name)
    if not _given(value):
        return ""
    if name == Field.DETAILS and isinstance(value, dict | list):
        try:
            value = _json(value, LIMITS[name], allow_nan=False)
        except RecursionError as error:
            raise InvalidTask(f"{name} must not be nested that deeply") from error
        except (TypeError, ValueError) as error:
            kind = type(value).__name__
            raise InvalidTask(f"{name} must be text or JSON, got {kind} with a value that JSON lacks") from error
    if not isinstance(value, str):
        kinds = "text, an object or a list" if name == Field.DETAILS else "text"
        raise InvalidTask(f"{name} must be {kinds}, got {type(value).__name__}")
    if name in LIMITS and len(value) > LIMITS[name]:
        raise InvalidTask(f"{name} must be at most {LIMITS[name]} characters, got {len(value)}")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # JSON can write half of a surrogate pair, but no service takes it
        raise InvalidTask(f"{name} must be valid Unicode text, got a lone surrogate") from error
    return value.strip()
