"""Which changes of a schema break whom, and that what is called readable is readable."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, Literal, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, create_model

from canonical import EVENTS
from canonical.compatibility import Break, Mode, check, compare, substance, touches
from canonical.fields import fields


class Line(BaseModel):
    sku: str = Field(max_length=20)
    quantity: int = Field(gt=0)
    note: str | None = None


class Order(BaseModel):
    order_id: str
    level: Literal["standard", "express"]
    lines: tuple[Line, ...] = Field(min_length=1)
    at: AwareDatetime
    parent: Optional["Order"] = None


OLD = Order.model_json_schema()


def found(**changed: Any) -> set[tuple[str, str]]:
    """Return path and direction of what breaks when fields of `Order` are changed; None takes one away."""
    kept = {name: (field.annotation, field) for name, field in Order.model_fields.items() if name not in changed}
    added = {name: field for name, field in changed.items() if field is not None}
    return breaks(create_model("Order", **kept, **added))


def breaks(new: type[BaseModel]) -> set[tuple[str, str]]:
    return {(one.path, one.direction) for one in compare(OLD, new.model_json_schema())}


def line(**changed: Any) -> Any:
    kept = {name: (field.annotation, field) for name, field in Line.model_fields.items() if name not in changed}
    return (tuple[create_model("Line", **kept, **changed), ...], Field(min_length=1))  # type: ignore[misc]


BACK, FORTH = "BACKWARD", "FORWARD"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"carrier": (str | None, None)}, set()),
        ({"carrier": (str, "none")}, set()),
        ({"carrier": (str, ...)}, {("$.carrier", BACK)}),
        ({"order_id": None}, {("$.order_id", FORTH)}),
        ({"order_id": None, "number": (str, ...)}, {("$.order_id", FORTH), ("$.number", BACK)}),
        ({"order_id": (str | None, None)}, {("$.order_id", FORTH)}),
        ({"order_id": (int, ...)}, {("$.order_id", BACK), ("$.order_id", FORTH)}),
        ({"order_id": (Annotated[str, Field(max_length=9)], ...)}, {("$.order_id", BACK)}),
        ({"order_id": (Annotated[str, Field(pattern="^S")], ...)}, {("$.order_id", BACK)}),
        ({"level": (Literal["standard"], ...)}, {("$.level", BACK)}),
        ({"level": (Literal["standard", "express", "same-day"], ...)}, {("$.level", FORTH)}),
        ({"level": (str, ...)}, {("$.level", FORTH)}),
        ({"at": (str, ...)}, {("$.at", FORTH)}),
        ({"parent": None}, set()),
        ({"lines": line(quantity=(int, Field(gt=0, le=10)))}, {("$.lines[*].quantity", BACK)}),
        ({"lines": line(quantity=(float, Field(gt=0)))}, {("$.lines[*].quantity", FORTH)}),
        ({"lines": line(sku=(str, Field(max_length=30)))}, {("$.lines[*].sku", FORTH)}),
        ({"lines": line(note=(str, ...))}, {("$.lines[*].note", BACK)}),
        ({"lines": (tuple[Line, ...], Field(min_length=1, max_length=500))}, {("$.lines", BACK)}),
        ({"lines": (tuple[Line, ...], ())}, {("$.lines", FORTH)}),
    ],
)
def test_a_change_breaks_those_it_should(changed: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    at_top = {one for one in found(**changed) if not one[0].startswith("$.parent.")}
    assert at_top == expected


def test_a_schema_that_holds_itself_is_compared() -> None:
    assert compare(OLD, Order.model_json_schema()) == []


def test_a_break_says_what_happened_in_a_sentence() -> None:
    new = create_model("Order", order_id=(int, ...)).model_json_schema()
    old = create_model("Order", order_id=(str, ...), site=(str, ...)).model_json_schema()
    assert compare(old, new) == [
        Break("$.order_id", "earlier data may hold a string, the new schema takes an integer", "BACKWARD"),
        Break("$.order_id", "new data may hold an integer, the earlier schema takes a string", "FORWARD"),
        Break("$.site", "new data has no such field, the earlier schema requires it", "FORWARD"),
    ]


def test_a_field_that_comes_back_otherwise_breaks_with_the_revision_that_had_it() -> None:
    with_text = create_model("One", a=(str | None, None)).model_json_schema()
    without = create_model("One").model_json_schema()
    with_number = create_model("One", a=(int | None, None)).model_json_schema()
    registered = {1: with_text, 2: without}
    assert check(registered, with_number, Mode.FULL) == []
    assert {one.revisions for one in check(registered, with_number)} == {(1,)}
    assert {one.direction for one in check(registered, with_number, Mode.FORWARD_TRANSITIVE)} == {"FORWARD"}


def test_maps_tuples_and_closed_objects_are_compared() -> None:
    def schema(kind: Any) -> Mapping[str, Any]:
        return TypeAdapter(kind).json_schema()

    assert compare(schema(dict[str, int]), schema(dict[str, float]), Mode.BACKWARD) == []
    assert [one.path for one in compare(schema(dict[str, int]), schema(dict[str, str]), Mode.BACKWARD)] == ["$.*"]
    assert [one.path for one in compare(schema(tuple[int, str]), schema(tuple[int, int]), Mode.BACKWARD)] == ["$[1]"]
    closed = create_model("One", __config__={"extra": "forbid"}, a=(int, 1)).model_json_schema()
    wider = create_model("One", a=(int, 1), b=(int, 1)).model_json_schema()
    assert [one.path for one in compare(closed, wider, Mode.FORWARD)] == ["$.b"]
    assert compare(closed, wider, Mode.BACKWARD) == []


def test_words_for_people_make_no_new_revision_but_a_field_of_such_a_name_does() -> None:
    said = create_model("One", title=(str, Field(description="A."))).model_json_schema()
    otherwise = create_model("Two", title=(str, Field(description="B."))).model_json_schema()
    assert substance(said) == substance(otherwise)
    assert substance(said) != substance(create_model("One", description=(str, ...)).model_json_schema())


@pytest.mark.parametrize(
    ("path", "read", "concerned"),
    [
        ("$.contact.email", ["contact"], True),
        ("$.contact.email", ["contact.email"], True),
        ("$.contact", ["contact.email"], True),
        ("$.contact.email", ["contact.phone", "order_id"], False),
        ("$.contacts", ["contact"], False),
        ("$.lines[*].sku", ["lines"], True),
        ("$.lines[*].sku", ["lines[*].quantity"], False),
        ("$", ["order_id"], True),
    ],
)
def test_a_change_concerns_who_reads_the_field(path: str, read: list[str], concerned: bool) -> None:
    assert touches(path, read) is concerned


def test_fields_are_listed_with_their_kinds() -> None:
    listed = {path: field.kind for path, field in fields(OLD).items()}
    assert listed["$.lines[*].note"] == "string?"
    assert listed["$.at"] == "date-time"
    assert listed["$.parent"] == "object?"
    assert listed["$.level"] == "string"


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.type)
def test_every_event_reads_itself(event: type[BaseModel]) -> None:
    assert compare(event.model_json_schema(), event.model_json_schema()) == []


# Schemas as trees: a kind with its limits, or fields by name. Models are made of them, and data.
class Shape(Enum):
    """Kinds of parts."""

    NUMBER, TEXT, CHOICE, MOMENT, TRUTH, LIST, NULLABLE, OBJECT = range(8)


Tree = tuple[Shape, Any]
Fields = dict[str, tuple[Tree, bool]]
CHOICES = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, unique=True)
LIMITS = st.tuples(st.integers(0, 3), st.integers(3, 6))
SCALARS: st.SearchStrategy[Tree] = st.one_of(
    st.tuples(st.just(Shape.NUMBER), LIMITS),
    st.tuples(st.just(Shape.TEXT), LIMITS),
    st.tuples(st.just(Shape.CHOICE), CHOICES),
    st.tuples(st.just(Shape.MOMENT), st.none()),
    st.tuples(st.just(Shape.TRUTH), st.none()),
)


def _nested(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.one_of(
        st.tuples(st.just(Shape.LIST), st.tuples(inner, LIMITS)),
        st.tuples(st.just(Shape.NULLABLE), inner),
        st.tuples(st.just(Shape.OBJECT), named(inner)),
    )


def named(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Fields]:
    return st.dictionaries(st.sampled_from("pqr"), st.tuples(inner, st.booleans()), min_size=1, max_size=2)


TREES = st.recursive(SCALARS, _nested, max_leaves=3)
OBJECTS = named(TREES)


@st.composite
def changed(draw: st.DrawFn, tree: Fields) -> Fields:
    """Return the fields, each left, altered a little, made anew, optional or not, or gone; and perhaps one more."""
    made: Fields = draw(OBJECTS) if draw(st.booleans()) else {}
    for name, (inner, must) in tree.items():
        match draw(st.sampled_from(["left", "altered", "altered", "anew", "turned", "gone"])):
            case "left":
                made[name] = inner, must
            case "altered":
                made[name] = altered(draw, inner), must
            case "anew":
                made[name] = draw(TREES), must
            case "turned":
                made[name] = inner, not must
    return made


def altered(draw: st.DrawFn, tree: Tree) -> Tree:
    """Return a part of the same kind with other limits."""
    shape, of = tree
    match shape:
        case Shape.NUMBER | Shape.TEXT:
            return shape, draw(LIMITS)
        case Shape.CHOICE:
            return shape, draw(CHOICES)
        case Shape.LIST:
            return shape, (altered(draw, of[0]), draw(st.one_of(st.just(of[1]), LIMITS)))
        case Shape.NULLABLE:
            return draw(st.sampled_from([of, (shape, altered(draw, of))]))
        case Shape.OBJECT:
            return shape, draw(changed(of))
        case _:
            return draw(st.sampled_from([tree, (Shape.NULLABLE, tree)]))


def limited(kind: Any, least: str, most: str) -> Any:
    return lambda of: Annotated[kind, Field(**{least: of[0], most: of[1]})]


KINDS: Mapping[Shape, Any] = {
    Shape.NUMBER: limited(int, "ge", "le"),
    Shape.TEXT: limited(str, "min_length", "max_length"),
    Shape.CHOICE: lambda of: Literal[tuple(of)],
    Shape.MOMENT: lambda _: AwareDatetime,
    Shape.TRUTH: lambda _: bool,
    Shape.LIST: lambda of: limited(list[kind_of(of[0])], "min_length", "max_length")(of[1]),
    Shape.NULLABLE: lambda of: kind_of(of) | None,
    Shape.OBJECT: lambda of: model_of(of),
}
DATA: Mapping[Shape, Any] = {
    Shape.NUMBER: lambda draw, of: draw(st.integers(*of)),
    Shape.TEXT: lambda draw, of: draw(st.text("abc1", min_size=of[0], max_size=of[1])),
    Shape.CHOICE: lambda draw, of: draw(st.sampled_from(of)),
    Shape.MOMENT: lambda draw, _: draw(st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1))),  # noqa: DTZ001
    Shape.TRUTH: lambda draw, _: draw(st.booleans()),
    Shape.LIST: lambda draw, of: [data_of(draw, of[0]) for _ in range(draw(st.integers(*of[1])))],
    Shape.NULLABLE: lambda draw, of: None if draw(st.booleans()) else data_of(draw, of),
    Shape.OBJECT: lambda draw, of: written(draw, of),
}


def kind_of(tree: Tree) -> Any:
    return KINDS[tree[0]](tree[1])


def data_of(draw: st.DrawFn, tree: Tree) -> Any:
    return DATA[tree[0]](draw, tree[1])


def model_of(tree: Fields) -> type[BaseModel]:
    """Return a model; what may be missing may be null too."""
    return create_model(
        "Made", **{n: (kind_of(t), ...) if must else (kind_of(t) | None, None) for n, (t, must) in tree.items()}
    )


def written(draw: st.DrawFn, tree: Fields) -> dict[str, Any]:
    return {name: data_of(draw, inner) for name, (inner, must) in tree.items() if must or draw(st.booleans())}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_what_is_called_readable_is_readable(data: st.DataObject) -> None:
    old = data.draw(OBJECTS)
    new = data.draw(changed(old))
    earlier, later = model_of(old), model_of(new)
    told = {one.direction for one in compare(earlier.model_json_schema(), later.model_json_schema())}
    for direction, (reader, writer, tree) in {BACK: (later, earlier, old), FORTH: (earlier, later, new)}.items():
        for _ in range(0 if direction in told else 3):
            body = writer.model_validate(written(data.draw, tree))
            reader.model_validate_json(body.model_dump_json())
