"""Holds a PromQL expression against the metrics that exist: their names, labels, words and kinds."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import promql_parser as promql

from tests.reference.metrics_page import PROCESS, relay_metrics

TARGET = frozenset({"job", "instance"})
"""The labels that Prometheus adds to everything it scrapes."""
WORDS = frozenset({"outcome", "reason", "type"})
"""The labels whose values are words that the metric's meaning lists."""
OF_COUNTERS = frozenset({"rate", "increase", "irate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What can be selected by one name."""

    labels: frozenset[str]
    meaning: str
    counts: bool


def _samples() -> Iterator[tuple[str, Sample]]:
    for metric in relay_metrics():
        counts = metric.kind in {"counter", "histogram"}
        for name, labels in metric.names.items():
            yield name, Sample(labels=labels | TARGET, meaning=metric.meaning, counts=counts)
    for name in PROCESS:
        yield name, Sample(labels=TARGET, meaning="", counts=name.endswith("_total"))
    yield "up", Sample(labels=TARGET, meaning="", counts=False)


SAMPLES: Mapping[str, Sample] = dict(_samples())


def parsed(expression: str) -> promql.Expr:
    """Return the expression as a tree; Grafana's variables get a value first. Raises ValueError."""
    text = expression.replace("$__rate_interval", "5m").replace("$job", "delivery-relay")
    tree: promql.Expr = promql.parse(text)
    return tree


def faults(expression: str) -> list[str]:
    """Return what is wrong with an expression, nothing if it can find something."""
    try:
        return list(_faults(parsed(expression)))
    except ValueError as error:
        return [str(error)]


def names_in(expression: str) -> set[str]:
    """Return the names of the samples that an expression selects."""
    return {_name(selector) for selector in _selectors(parsed(expression))}


def labels_of(tree: promql.Expr) -> frozenset[str]:
    """Return the labels that the result of an expression has."""
    labels: frozenset[str] = frozenset()
    match tree:
        case promql.VectorSelector():
            labels = SAMPLES[_name(tree)].labels
        case promql.MatrixSelector():
            labels = labels_of(tree.vector_selector)
        case promql.AggregateExpr() if tree.modifier is not None:
            labels = frozenset(tree.modifier.labels)
        case promql.BinaryExpr():
            labels = labels_of(tree.lhs) or labels_of(tree.rhs)
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            labels = labels_of(tree.expr)
        case promql.Call() if tree.func.name != "absent":
            taken = {"le"} if tree.func.name == "histogram_quantile" else set()
            labels = frozenset(label for inner in tree.args for label in labels_of(inner)) - taken
    return labels


def _faults(tree: promql.Expr) -> Iterator[str]:
    for inner in _all(tree):
        match inner:
            case promql.VectorSelector():
                yield from _faults_of_selector(inner)
            case promql.AggregateExpr() if inner.modifier is not None:
                found = {_name(selector) for selector in _selectors(inner.expr)} & SAMPLES.keys()
                there = frozenset(label for name in found for label in SAMPLES[name].labels)
                yield from (f"by {label}: no such label" for label in inner.modifier.labels if label not in there)
            case promql.Call() if inner.func.name in OF_COUNTERS:
                names = [_name(selector) for selector in _selectors(inner)]
                yield from (f"{inner.func.name}({name}): no counter" for name in names if not _counts(name))
            case promql.Call() if inner.func.name == "histogram_quantile":
                if "le" not in labels_of(inner.args[1]):
                    yield "histogram_quantile: its buckets were summed without le"


def _counts(name: str) -> bool:
    return name in SAMPLES and SAMPLES[name].counts


def _faults_of_selector(selector: promql.VectorSelector) -> Iterator[str]:
    sample = SAMPLES.get(_name(selector))
    if sample is None:
        yield f"{selector.name}: no such metric"
        return
    for matcher in selector.matchers.matchers:
        if matcher.name not in sample.labels:
            yield f"{selector.name}: no label {matcher.name}"
        elif matcher.name in WORDS:
            unknown = set(matcher.value.split("|")) - set(re.findall(r"\w+", sample.meaning))
            yield from (f"{selector.name}: {matcher.name} is never {word}" for word in sorted(unknown))


def _name(selector: promql.VectorSelector) -> str:
    return selector.name or "a selector without a name"


def _selectors(tree: promql.Expr) -> Iterator[promql.VectorSelector]:
    yield from (inner for inner in _all(tree) if isinstance(inner, promql.VectorSelector))


def _all(tree: promql.Expr) -> Iterator[promql.Expr]:
    yield tree
    match tree:
        case promql.MatrixSelector():
            yield from _all(tree.vector_selector)
        case promql.AggregateExpr() | promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            yield from _all(tree.expr)
        case promql.BinaryExpr():
            yield from _all(tree.lhs)
            yield from _all(tree.rhs)
        case promql.Call():
            for argument in tree.args:
                yield from _all(argument)
