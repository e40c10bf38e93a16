"""An evaluation for the eye: a terminal table, JSON, and one page with plots (inline SVG)."""

import json
from dataclasses import asdict
from html import escape
from typing import Any

from nlp.evaluate import ONE_OF, Bin, HeadReport, Report

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:#1d2733;background:#fff}
table{border-collapse:collapse;margin:.5rem 0}td,th{padding:.2rem .7rem;text-align:right;
border-bottom:1px solid #e2e6ea;font-variant-numeric:tabular-nums}
th:first-child,td:first-child,.text td{text-align:left}section{margin:2.5rem 0}
.side{display:flex;gap:2rem;flex-wrap:wrap;align-items:flex-start}svg{background:#f7f8fa}
.side>table:first-child{min-width:min(28rem,100%)}
"""


def as_table(report: Report) -> str:
    lines = [f"model {report.model}, {report.texts} texts"]
    for head in report.heads:
        low, high = head.f1_between
        lines += [
            "",
            (
                f"{head.name}: {head.texts} texts, macro-F1 {head.macro_f1:.3f} "
                f"({low:.3f}-{high:.3f}), macro-recall {head.macro_recall:.3f}, "
                f"calibration error {head.calibration_error:.3f}"
            ),
            f"  {'label':<14}{'texts':>6}{'precision':>11}{'recall':>8}{'F1':>7}",
        ]
        lines += [
            f"  {s.label:<14}{s.positives:>6}{s.precision:>11.3f}{s.recall:>8.3f}{s.f1:>7.3f}"
            for s in head.scores
        ]
    return "\n".join(lines)


def as_json(report: Report) -> str:
    return json.dumps(asdict(report), default=_plain, indent=1, ensure_ascii=False)


def _plain(value: object) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(type(value).__name__)


def as_page(report: Report) -> str:
    sections = "".join(_section(head) for head in report.heads)
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width'>"
        f"<title>Evaluation of {escape(report.model)}</title><style>{_STYLE}</style>"
        f"<h1>Evaluation of {escape(report.model)}</h1><p>{report.texts} labelled texts. Intervals "
        f"hold 95 % of bootstrap draws.</p>{sections}</html>"
    )


def _section(head: HeadReport) -> str:
    low, high = head.f1_between
    return (
        f"<section><h2>{escape(head.name)}</h2><p>{head.texts} texts, macro-F1 "
        f"<b>{head.macro_f1:.3f}</b> ({low:.3f} to {high:.3f}), macro-recall "
        f"{head.macro_recall:.3f}, calibration error {head.calibration_error:.3f}</p>"
        f"<div class=side>{_score_table(head)}{_curve_plot(head.curve)}{_confusion(head)}</div>"
        f"{_mistake_table(head)}</section>"
    )


def _score_table(head: HeadReport) -> str:
    rows = "".join(
        f"<tr><td>{escape(s.label)}<td>{s.positives}<td>{s.precision:.3f}<td>{s.recall:.3f}"
        f"<td>{s.f1:.3f}"
        for s in head.scores
    )
    return f"<table><tr><th>label<th>texts<th>precision<th>recall<th>F1{rows}</table>"


def _curve_plot(curve: tuple[Bin, ...], size: int = 220) -> str:
    """Probability against the share that was right; the diagonal is perfect calibration."""
    points = [(b.probability * size, size - b.right * size) for b in curve]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    most = max((b.count for b in curve), default=1)
    dots = "".join(
        f"<circle cx={x:.1f} cy={y:.1f} r={2 + 5 * (b.count / most) ** 0.5:.1f} fill='#2563eb'>"
        f"<title>{b.count} answers at {b.probability:.2f}: {b.right:.2f} right</title></circle>"
        for (x, y), b in zip(points, curve, strict=True)
    )
    return (
        f"<figure><svg width={size} height={size} role=img aria-label='calibration curve'>"
        f"<line x1=0 y1={size} x2={size} y2=0 stroke='#9aa4b0' stroke-dasharray=4 />"
        f"<polyline points='{line}' fill=none stroke='#2563eb' stroke-width=2 />{dots}</svg>"
        "<figcaption>said probability (right) against share right (up)</figcaption></figure>"
    )


def _confusion(head: HeadReport) -> str:
    if head.name not in ONE_OF:
        return ""
    names = [escape(s.label) for s in head.scores]
    top = "".join(f"<th>{name}" for name in names)
    rows = "".join(
        f"<tr><td>{name}" + "".join(_cell(count, sum(row)) for count in row)
        for name, row in zip(names, head.confusion, strict=True)
    )
    return f"<table><tr><th>truth \\ said{top}{rows}</table>"


def _cell(count: int, total: int) -> str:
    return f"<td style='background:rgba(37,99,235,{0.6 * count / max(total, 1):.2f})'>{count}"


def _mistake_table(head: HeadReport) -> str:
    if not head.mistakes:
        return ""
    rows = "".join(
        f"<tr><td>{escape(', '.join(sorted(m.truth)) or 'none')}"
        f"<td>{escape(', '.join(sorted(m.said)) or 'none')}<td>{m.probability:.2f}"
        f"<td>{escape(m.text[:300])}"
        for m in head.mistakes
    )
    return (
        "<details><summary>The surest mistakes</summary><table class=text>"
        f"<tr><th>truth<th>said<th>sure<th>text{rows}</table></details>"
    )


def as_comparison(reports: list[Report]) -> str:
    """Several models on the same texts, a row for each head and model."""
    lines = [
        f"{'head':<12}{'model':<34}{'texts':>6}{'macro-F1':>10}{'recall':>8}{'cal. error':>12}"
    ]
    heads = sorted({head.name for report in reports for head in report.heads})
    for name in heads:
        for report in reports:
            found = next((h for h in report.heads if h.name == name), None)
            if found:
                lines.append(
                    f"{name:<12}{report.model[-32:]:<34}{found.texts:>6}{found.macro_f1:>10.3f}"
                    f"{found.macro_recall:>8.3f}{found.calibration_error:>12.3f}"
                )
    return "\n".join(lines)
