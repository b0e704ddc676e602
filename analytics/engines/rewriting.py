"""What sqlglot leaves to us: forms that PostgreSQL knows and another engine does not."""

from __future__ import annotations

from sqlglot import exp


def group_whole_rows(query: exp.Select) -> None:
    """Who groups by a table's key may name its other columns: only PostgreSQL knows that."""
    group = query.args.get("group")
    if group is None:
        return
    keyed = {
        one.table for one in group.expressions if isinstance(one, exp.Column) and one.name == "id"
    }
    named = dict.fromkeys(
        column
        for column in query.find_all(exp.Column)
        if column.table in keyed
        and column.find_ancestor(exp.AggFunc, exp.Where, exp.Join, exp.Group) is None
        and column.parent_select is query
    )
    for column in named:
        if column not in group.expressions:
            group.append("expressions", column.copy())


def suit_clickhouse(tree: exp.Expr) -> None:
    """Seconds since 1970 by its own function; EXISTS as IN, which it knows inside a count too."""
    for part in list(tree.find_all(exp.Extract)):
        if part.name.lower() == "epoch":
            part.replace(exp.Anonymous(this="toUnixTimestamp", expressions=[part.expression]))
    for rows in tree.find_all(exp.With):
        # A tree is walked down once: no row comes twice, and it knows this union only.
        for union in rows.find_all(exp.Union) if rows.recursive else ():
            union.set("distinct", False)
    for limited in [one for one in tree.find_all(exp.Subquery) if _is_first(one)]:
        _take_least(limited.this)
    for found in list(tree.find_all(exp.Exists)):
        if (rewritten := _as_in(found)) is not None:
            found.replace(rewritten)


def _is_first(part: exp.Subquery) -> bool:
    """Whether a subquery is one value of the first row in an order."""
    query = part.this
    inside = isinstance(query, exp.Select) and part.find_ancestor(exp.Select) is not None
    return inside and bool(query.args.get("limit") and query.args.get("order"))


def _take_least(query: exp.Select) -> None:
    """The value at the least key, for it ties no LIMIT to the row outside. NULL stays NULL."""
    keys = [ordered.this.copy() for ordered in query.args["order"].expressions]
    one = exp.Anonymous(this="tuple", expressions=[query.expressions[0].unalias().copy()])
    least = exp.Anonymous(
        this="argMin", expressions=[one, exp.Anonymous(this="tuple", expressions=keys)]
    )
    query.set(
        "expressions",
        [exp.Anonymous(this="tupleElement", expressions=[least, exp.Literal.number(1)])],
    )
    query.set("order", None)
    query.set("limit", None)


def _as_in(part: exp.Exists) -> exp.Expr | None:
    """EXISTS over one table, tied to the outside by equalities, as IN; None for other forms.

    Never NULL: a row without the key has nothing, as with EXISTS.
    """
    query = part.this
    where, source = query.args.get("where"), query.args.get("from_") or query.args.get("from")
    if where is None or source is None or query.args.get("joins"):
        return None
    inside = source.this.alias_or_name
    ties: list[tuple[exp.Column, exp.Column]] = []
    rest: list[exp.Expr] = []
    for one in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
        if (tie := _tie(one, inside)) is not None:
            ties.append(tie)
        else:
            rest.append(one)
    own = {column.table for one in rest for column in one.find_all(exp.Column)} <= {inside}
    if not ties or not own:
        return None
    present = [exp.Not(this=exp.Is(this=mine.copy(), expression=exp.Null())) for mine, _ in ties]
    chosen = exp.select(*(mine.copy() for mine, _ in ties)).from_(source.this.copy())
    chosen = chosen.where(*(one.copy() for one in rest), *present)
    outer = [their.copy() for _, their in ties]
    key = outer[0] if len(outer) == 1 else exp.Tuple(expressions=outer)
    known = exp.In(this=key, query=exp.Subquery(this=chosen))
    whole = [exp.Not(this=exp.Is(this=one.copy(), expression=exp.Null())) for one in outer]
    return exp.paren(exp.and_(*whole, known))


def _tie(one: exp.Expr, inside: str) -> tuple[exp.Column, exp.Column] | None:
    """The two sides of an equality between a column inside and one outside."""
    if not isinstance(one, exp.EQ):
        return None
    left, right = one.this, one.expression
    if not (isinstance(left, exp.Column) and isinstance(right, exp.Column)):
        return None
    if left.table == inside and right.table != inside:
        return left, right
    if right.table == inside and left.table != inside:
        return right, left
    return None
