"""Lines lead from a block to a block, past all that is between them."""

from langgraph_moa.graphs.pictures.routes import Block, Link, Route, routed


def placed(*links: Link) -> dict[str, Route]:
    rows = [[Block(name, 60, 30)] for name in "abc"]
    _, routes, _ = routed(rows, {(link.source, link.target): link for link in links})
    return {f"{route.link.source}{route.link.target}": route for route in routes}


def link(ends: str, *labels: str) -> Link:
    return Link(ends[0], ends[1], labels, is_choice=bool(labels), wires=())


def test_one_line_to_the_next_row_is_straight() -> None:
    (route,) = placed(link("ab")).values()

    assert len(route.points) == 2
    assert route.points[0].x == route.points[1].x


def test_past_a_row_it_goes_on_the_right_and_back_on_the_left() -> None:
    routes = placed(link("ab"), link("bc"), link("ac", "agreed"), link("ca", "retry"))
    middle = routes["ab"].points[0].x

    assert max(point.x for point in routes["ac"].points) > middle + 30
    assert min(point.x for point in routes["ca"].points) < middle - 30
    assert routes["ac"].anchor == "end"
    assert routes["ca"].anchor == "start"


def test_a_label_has_room_between_its_line_and_its_lane() -> None:
    route = placed(link("ab"), link("bc"), link("ac", "a reason that takes some room"))["ac"]

    assert route.label_at.x - route.points[0].x > 29 * 6
    assert route.link.label == "a reason that takes some room"


def test_what_leads_to_one_place_past_rows_shares_a_lane() -> None:
    rows = [[Block(name, 60, 30)] for name in "abcd"]
    links = {(one, other): link(one + other) for one, other in ("ab", "bc", "cd", "ad", "bd")}
    _, routes, _ = routed(rows, links)

    assert len({max(p.x for p in route.points) for route in routes if len(route.points) == 6}) == 1
