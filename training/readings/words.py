"""Numbers in words that somebody who runs learning reads."""

from training.readings.document import ArmEffect, MetricResult


def number(value: float) -> str:
    """Write a number with three figures that count, and no exponent."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:g}"


def signed(value: float) -> str:
    """Write a number with its sign."""
    return f"{'+' if value > 0 else '−' if value < 0 else '±'}{number(abs(value))}"


def chance(p_value: float) -> str:
    """Write a p-value."""
    return "p < .001" if p_value < 0.001 else f"p = {p_value:.3f}".replace("0.", ".", 1)


def effect_in_words(metric: MetricResult, effect: ArmEffect) -> str:
    """Say how a metric moved: by how much, between what, and as a share of the control's."""
    if effect.value is None or effect.always_valid is None:
        return f"{metric.title}: cannot tell yet"
    between = f"between {signed(effect.always_valid.low)} and {signed(effect.always_valid.high)}"
    share = "" if effect.relative is None else f", {effect.relative.value:+.0%}".replace("-", "−")
    return f"{metric.title} {signed(effect.value)} {metric.unit}{share} ({between})"
