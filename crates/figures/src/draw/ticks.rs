//! Ticks: which numbers stand at an axis, and how they are written.
//!
//! Numbers are chosen as by Talbot, Lin and Hanrahan (2010, "An Extension of Wilkinson's Algorithm
//! for Positioning Tick Labels on Axes"): round steps that cover the axis with about the number of
//! ticks that there is room for, scored by simplicity, coverage and density. Ticks lie within the
//! axis, and legibility is not scored but demanded: labels that would touch are never chosen.

use super::typography::shows;

/// Ticks with their labels.
pub(crate) type Labelled = Vec<(f64, String)>;

/// What the numbers of an axis are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Numbers {
    /// Shares, to be written as percentages.
    pub percent: bool,
    /// Whole numbers, between which there are none.
    pub whole: bool,
}

/// Steps from the nicest on.
const NICE: [f64; 4] = [1.0, 5.0, 2.0, 2.5];

/// Ticks of a linear axis from `low` to `high` (`low < high`), about `wanted` of them; `room` says
/// how well labels fit: `None` if some touch, else a penalty.
pub(crate) fn linear(
    low: f64,
    high: f64,
    wanted: f64,
    style: Numbers,
    room: &dyn Fn(&Labelled) -> Option<f64>,
) -> Labelled {
    let range = high / 2.0 - low / 2.0;
    if range.is_nan() || range <= 0.0 || range.is_infinite() {
        return Vec::new();
    }
    let magnitude = (2.0 * (range / wanted.max(1.0))).log10().floor() as i32;
    let mut best: Option<(f64, Labelled)> = None;
    for exponent in magnitude - 1..=magnitude + 2 {
        for (rank, nice) in NICE.iter().enumerate() {
            let step = nice * 10f64.powi(exponent);
            if style.whole && step.fract() != 0.0 {
                continue;
            }
            let Some(values) = multiples(low, high, *nice, exponent) else {
                continue;
            };
            let score = score(low, high, wanted, rank, &values);
            if best.as_ref().is_some_and(|(least, _)| score <= *least) {
                continue;
            }
            let labelled = label(values, style.percent);
            let Some(penalty) = room(&labelled) else {
                continue;
            };
            let score = score - penalty;
            if best.as_ref().is_none_or(|(least, _)| score > *least) {
                best = Some((score, labelled));
            }
        }
    }
    best.map_or_else(Vec::new, |(_, labelled)| labelled)
}

/// The multiples of nice·10^exponent within the axis; `None` if there are none or too many.
fn multiples(low: f64, high: f64, nice: f64, exponent: i32) -> Option<Vec<f64>> {
    let step = nice * 10f64.powi(exponent);
    let first = (low / step - 1e-9).ceil();
    let last = (high / step + 1e-9).floor();
    let count = last - first + 1.0;
    if !(1.0..=60.0).contains(&count) || first + 1.0 == first {
        return None;
    }
    let values = (0..count as usize)
        .map(|index| {
            let times = first + index as f64;
            // Division by a power of ten is exact where multiplication by its inverse is not.
            let value = if exponent < 0 {
                times * nice / 10f64.powi(-exponent)
            } else {
                times * step
            };
            if value == 0.0 { 0.0 } else { value }
        })
        .collect::<Vec<_>>();
    values.iter().all(|v| v.is_finite()).then_some(values)
}

fn score(low: f64, high: f64, wanted: f64, rank: usize, values: &[f64]) -> f64 {
    let range = high - low;
    let (first, last) = (values[0], values[values.len() - 1]);
    let zero = if values.contains(&0.0) { 1.0 } else { 0.0 };
    let simplicity = 1.0 - rank as f64 / (NICE.len() - 1) as f64 + zero;
    let coverage =
        1.0 - 0.5 * (((high - last) / range).powi(2) + ((low - first) / range).powi(2)) / 0.01;
    let ratio = values.len() as f64 / wanted.max(1.0);
    let density = 2.0 - ratio.max(1.0 / ratio);
    let few = if values.len() < 2 { 2.0 } else { 0.0 };
    0.3 * simplicity + 0.25 * coverage.max(-2.0) + 0.45 * density - few
}

/// Ticks of a logarithmic axis from `low` to `high`, 0 < `low` < `high`.
pub(crate) fn logarithmic(
    low: f64,
    high: f64,
    wanted: f64,
    style: Numbers,
    room: &dyn Fn(&Labelled) -> Option<f64>,
) -> Labelled {
    let percent = style.percent;
    let (first, last) = (low.log10(), high.log10());
    let decades = last - first;
    let mut best: Option<(f64, Labelled)> = None;
    let mut consider = |values: Vec<f64>, bonus: f64| {
        if values.is_empty() {
            return;
        }
        let labelled = label_each(&values, percent);
        let Some(penalty) = room(&labelled) else {
            return;
        };
        let ratio = values.len() as f64 / wanted.max(1.0);
        let few = if values.len() < 2 { 2.0 } else { 0.0 };
        let score = bonus - ratio.max(1.0 / ratio) - penalty - few;
        if best.as_ref().is_none_or(|(least, _)| score > *least) {
            best = Some((score, labelled));
        }
    };
    let within = |v: &f64| *v >= low * (1.0 - 1e-9) && *v <= high * (1.0 + 1e-9);
    let power = |e: i32, m: f64| {
        if e < 0 {
            m / 10f64.powi(-e)
        } else {
            m * 10f64.powi(e)
        }
    };
    let (from, to) = (first.floor() as i32, last.ceil() as i32);
    if decades <= 12.0 {
        for (parts, bonus) in [
            (&[1.0, 2.0, 5.0][..], 0.3),
            (&[1.0, 3.0][..], 0.2),
            (&[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0][..], 0.0),
        ] {
            consider(
                (from..=to)
                    .flat_map(|e| parts.iter().map(move |m| power(e, *m)))
                    .filter(within)
                    .collect(),
                bonus,
            );
        }
    }
    for stride in [1, 2, 3, 5, 10, 20, 50, 100] {
        let start = from.div_euclid(stride) * stride;
        let values: Vec<f64> = (0..)
            .map(|k| start + k * stride)
            .take_while(|e| *e <= to)
            .map(|e| power(e, 1.0))
            .filter(within)
            .collect();
        if values.len() >= 2 {
            consider(values, 0.4);
        }
    }
    if decades < 1.2 {
        // Within a decade the ticks of a linear axis say more.
        let values = linear(low, high, wanted, style, room);
        if values.len() >= 2 {
            consider(values.into_iter().map(|(v, _)| v).collect(), 0.1);
        }
    }
    best.map_or_else(Vec::new, |(_, labelled)| labelled)
}

/// Labels with as many decimals as their step needs, the same for all.
pub(crate) fn label(values: Vec<f64>, percent: bool) -> Labelled {
    let step = values
        .windows(2)
        .map(|w| (w[1] - w[0]).abs())
        .fold(f64::INFINITY, f64::min);
    let largest = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    let step = if step.is_finite() { step } else { largest };
    let scale = if percent { 100.0 } else { 1.0 };
    if exponents(largest * scale, step * scale) {
        return label_each(&values, percent);
    }
    let decimals = decimals(values.iter().map(|v| v * scale), step * scale);
    values
        .into_iter()
        .map(|v| {
            let text = fixed(v * scale, decimals);
            (v, if percent { format!("{text}%") } else { text })
        })
        .collect()
}

/// Labels with as many decimals as each number needs, for ticks that are not evenly spaced.
fn label_each(values: &[f64], percent: bool) -> Labelled {
    let scale = if percent { 100.0 } else { 1.0 };
    let least = values
        .iter()
        .filter(|v| **v != 0.0)
        .fold(f64::INFINITY, |m, v| m.min(v.abs()));
    let largest = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    let powers = exponents(largest * scale, least * scale);
    values
        .iter()
        .map(|&v| {
            let text = if powers {
                power_of_ten(v * scale)
            } else {
                fixed(
                    v * scale,
                    decimals([v * scale].into_iter(), (v * scale).abs()),
                )
            };
            (v, if percent { format!("{text}%") } else { text })
        })
        .collect()
}

/// Whether numbers are better written with a power of ten.
fn exponents(largest: f64, step: f64) -> bool {
    largest >= 1e7 || (step > 0.0 && step < 1e-4) && largest < 1.0
}

/// The least number of decimals that shows all values apart from rounding.
fn decimals(values: impl Iterator<Item = f64> + Clone, step: f64) -> usize {
    (0..15)
        .find(|&d| {
            let power = 10f64.powi(d as i32);
            values
                .clone()
                .all(|v| ((v * power).round() - v * power).abs() <= 1e-4 * step.abs() * power)
        })
        .unwrap_or(15)
}

/// A number with a fixed number of decimals, a true minus sign and thousands set apart.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{:.*}", decimals, value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::new();
    if value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        out.push(minus());
    }
    if whole.len() >= 5 {
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                out.push(thin());
            }
            out.push(digit);
        }
    } else {
        out.push_str(whole);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// m×10ⁿ with as few digits as the number has.
fn power_of_ten(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    // Twelve digits: what is beyond is the rounding of the tick.
    let text = format!("{:.11e}", value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    let sign = if value < 0.0 {
        minus().to_string()
    } else {
        String::new()
    };
    if !"⁰¹²³⁴⁵⁶⁷⁸⁹⁻×".chars().all(shows) {
        return format!("{sign}{mantissa}e{exponent}");
    }
    let raised: String = exponent
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '4' => '⁴',
            '5' => '⁵',
            '6' => '⁶',
            '7' => '⁷',
            '8' => '⁸',
            '9' => '⁹',
            _ => '⁰',
        })
        .collect();
    if mantissa == "1" {
        format!("{sign}10{raised}")
    } else {
        format!("{sign}{mantissa}×10{raised}")
    }
}

fn minus() -> char {
    if shows('\u{2212}') { '\u{2212}' } else { '-' }
}

fn thin() -> char {
    if shows('\u{2009}') { '\u{2009}' } else { ' ' }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: Labelled) -> Vec<String> {
        ticks.into_iter().map(|(_, label)| label).collect()
    }

    fn on(low: f64, high: f64, wanted: f64) -> Vec<String> {
        labels(linear(low, high, wanted, Numbers::default(), &|_| {
            Some(0.0)
        }))
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(on(-0.36, 9.36, 5.0), ["0", "2", "4", "6", "8"]);
        assert_eq!(
            on(183.0, 477.0, 4.0),
            ["200", "250", "300", "350", "400", "450"]
        );
        assert_eq!(on(-0.31, 0.62, 5.0), ["−0.2", "0.0", "0.2", "0.4", "0.6"]);
        assert_eq!(
            on(0.0, 52_000.0, 5.0),
            [
                "0",
                "10\u{2009}000",
                "20\u{2009}000",
                "30\u{2009}000",
                "40\u{2009}000",
                "50\u{2009}000"
            ]
        );
        assert_eq!(
            // The font has no raised minus.
            on(0.0, 4.1e-6, 4.0),
            ["0", "1e-6", "2e-6", "3e-6", "4e-6"]
        );
        assert_eq!(
            labels(linear(
                0.0,
                1.0,
                5.0,
                Numbers {
                    percent: true,
                    whole: false
                },
                &|_| Some(0.0)
            )),
            ["0%", "20%", "40%", "60%", "80%", "100%"]
        );
        assert!(on(1.0, 1.0, 5.0).is_empty());
        // Between ranks there are none.
        let whole = Numbers {
            percent: false,
            whole: true,
        };
        for high in [1.5, 2.1, 3.3, 12.0, 18.4] {
            let ticks = linear(0.5, high, 6.0, whole, &|_| Some(0.0));
            assert!(
                !ticks.is_empty() && ticks.iter().all(|(v, _)| v.fract() == 0.0),
                "{high}"
            );
        }
    }

    #[test]
    fn ticks_that_have_no_room_are_not_chosen() {
        let few = |ticks: &Labelled| (ticks.len() <= 2).then_some(0.0);
        assert!(linear(0.0, 9.0, 7.0, Numbers::default(), &few).len() <= 2);
        assert!(linear(0.0, 9.0, 7.0, Numbers::default(), &|_| None).is_empty());
    }

    #[test]
    fn logarithmic_ticks_are_powers_or_their_parts() {
        let on = |low, high, wanted| {
            labels(logarithmic(low, high, wanted, Numbers::default(), &|_| {
                Some(0.0)
            }))
        };
        assert_eq!(on(0.08, 7.0, 6.0), ["0.1", "0.2", "0.5", "1", "2", "5"]);
        assert_eq!(
            on(1e-3, 1e3, 5.0),
            ["0.001", "0.01", "0.1", "1", "10", "100", "1000"]
        );
        assert_eq!(on(0.85, 1.25, 4.0), ["0.9", "1", "1.1", "1.2"]);
    }

    #[test]
    fn numbers_are_written_as_in_print() {
        assert_eq!(fixed(-1234.5, 1), "−1234.5");
        assert_eq!(fixed(1234567.0, 0), "1\u{2009}234\u{2009}567");
        // What rounds to nothing has no sign.
        assert_eq!(fixed(-0.001, 1), "0.0");
    }
}
