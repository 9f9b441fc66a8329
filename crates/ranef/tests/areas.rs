//! Small areas and poststratification against their definitions: Henderson's matrix inverted whole,
//! means of predictions, draws by hand.

mod dense;

use dense::{Dense, Rng};
use ranef::frame::{MemorySource, ReadOptions, Source, Table, open};
use ranef::{AreasOptions, Fit, Groups, Model, PoststratifyOptions, lmer};

fn data(name: &str) -> Box<dyn Source> {
    open(name, &ReadOptions::default()).unwrap()
}

#[track_caller]
fn near(got: f64, want: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance * want.abs().max(1e-3),
        "{got} is not {want} within {tolerance:e}"
    );
}

/// Schools and towns crossed, a slope that differs between schools, unequal sizes, weights.
struct Crossed {
    school: Vec<usize>,
    town: Vec<usize>,
    x: Vec<f64>,
    w: Vec<f64>,
    y: Vec<f64>,
}

const SCHOOLS: usize = 7;
const TOWNS: usize = 4;
const FORMULA: &str = "y ~ x + (x | school) + (1 | town)";

impl Crossed {
    fn new(seed: u64, n: usize) -> Self {
        let mut rng = Rng(seed);
        let mut out = Self {
            school: Vec::new(),
            town: Vec::new(),
            x: Vec::new(),
            w: Vec::new(),
            y: Vec::new(),
        };
        let effects: Vec<[f64; 2]> = (0..SCHOOLS)
            .map(|_| [2.0 * rng.normal(), rng.normal()])
            .collect();
        let towns: Vec<f64> = (0..TOWNS).map(|_| 1.5 * rng.normal()).collect();
        for i in 0..n {
            let school = if i < SCHOOLS {
                i
            } else {
                ((SCHOOLS as f64 * rng.uniform().powi(2)) as usize).min(SCHOOLS - 1)
            };
            let town = (i + (TOWNS as f64 * rng.uniform()) as usize) % TOWNS;
            let x = 3.0 + rng.normal();
            let w = 0.5 + rng.uniform();
            let mean = 10.0 + effects[school][0] + (1.0 + effects[school][1]) * x + towns[town];
            out.school.push(school);
            out.town.push(town);
            out.x.push(x);
            out.w.push(w);
            out.y.push(mean + rng.normal() / w.sqrt());
        }
        out
    }

    fn table(&self) -> Table {
        Table::new()
            .text("school", self.school.iter().map(|s| format!("s{s}")))
            .text("town", self.town.iter().map(|t| format!("t{t}")))
            .number("x", self.x.iter().copied())
            .number("w", self.w.iter().copied())
            .number("y", self.y.iter().copied())
    }

    fn source(&self) -> MemorySource {
        self.table().source().unwrap()
    }

    fn fit(&self) -> Fit {
        Model::new(FORMULA)
            .weights("w")
            .fit(&self.source())
            .unwrap()
    }

    /// Effects: school by school (intercept, slope), towns, fixed.
    fn row(school: Option<usize>, town: Option<usize>, x: f64) -> Vec<f64> {
        let mut row = vec![0.0; 2 * SCHOOLS + TOWNS + 2];
        if let Some(school) = school {
            row[2 * school] = 1.0;
            row[2 * school + 1] = x;
        }
        if let Some(town) = town {
            row[2 * SCHOOLS + town] = 1.0;
        }
        let fixed = row.len() - 2;
        row[fixed] = 1.0;
        row[fixed + 1] = x;
        row
    }

    /// The inverse of Henderson's matrix: the covariance of all errors.
    fn covariance(&self, fit: &Fit) -> Dense {
        let size = 2 * SCHOOLS + TOWNS + 2;
        let sigma_squared = fit.sigma() * fit.sigma();
        let mut matrix = Dense::zeros(size);
        for i in 0..self.y.len() {
            let row = Self::row(Some(self.school[i]), Some(self.town[i]), self.x[i]);
            for a in 0..size {
                for b in 0..size {
                    let sum = matrix.at(a, b) + self.w[i] * row[a] * row[b] / sigma_squared;
                    matrix.set(a, b, sum);
                }
            }
        }
        let t = &fit.varcorr()[0].cov;
        let det = t[0][0] * t[1][1] - t[0][1] * t[1][0];
        let inverse = [
            [t[1][1] / det, -t[0][1] / det],
            [-t[1][0] / det, t[0][0] / det],
        ];
        for school in 0..SCHOOLS {
            for a in 0..2 {
                for b in 0..2 {
                    let (i, j) = (2 * school + a, 2 * school + b);
                    matrix.set(i, j, matrix.at(i, j) + inverse[a][b]);
                }
            }
        }
        for town in 0..TOWNS {
            let i = 2 * SCHOOLS + town;
            matrix.set(i, i, matrix.at(i, i) + 1.0 / fit.varcorr()[1].cov[0][0]);
        }
        matrix.inverse()
    }

    /// Σ w·row/Σ w over some rows.
    fn mean(rows: impl Iterator<Item = (Vec<f64>, f64)>) -> Vec<f64> {
        let mut out = vec![0.0; 2 * SCHOOLS + TOWNS + 2];
        let mut total = 0.0;
        for (row, weight) in rows {
            total += weight;
            out.iter_mut()
                .zip(&row)
                .for_each(|(sum, x)| *sum += weight * x);
        }
        out.iter_mut().for_each(|x| *x /= total);
        out
    }
}

fn value(fit: &Fit, row: &[f64]) -> f64 {
    let effects = fit.random_effects();
    let all = effects.modes[0]
        .iter()
        .chain(&effects.modes[1])
        .chain(fit.fixef());
    row.iter().zip(all).map(|(x, b)| x * b).sum()
}

/// A saved model without its rows cannot tell how well its variances are known: they count as known,
/// and everything follows from Henderson's matrix.
fn known(fit: &Fit) -> Fit {
    Fit::from_json(&fit.to_json().unwrap()).unwrap()
}

#[test]
fn areas_by_their_definition() {
    let crossed = Crossed::new(3, 120);
    let (fit, source) = (known(&crossed.fit()), crossed.source());
    let covariance = crossed.covariance(&fit);
    let options = AreasOptions::default()
        .threshold(14.0)
        .top(2)
        .draws(20_000)
        .seed(5);
    let found = fit.areas(&source, &options).unwrap();
    assert_eq!(
        (found.group.as_str(), found.areas.len()),
        ("school", SCHOOLS)
    );
    let all: f64 = crossed.w.iter().sum();
    let average = crossed
        .w
        .iter()
        .zip(&crossed.y)
        .map(|(w, y)| w * y)
        .sum::<f64>()
        / all;
    near(found.average, average, 1e-12);
    let mut functionals = Vec::new();
    for (school, area) in found.areas.iter().enumerate() {
        let rows: Vec<usize> = (0..120).filter(|&i| crossed.school[i] == school).collect();
        assert_eq!(
            (area.level.as_str(), area.n),
            (format!("s{school}").as_str(), rows.len())
        );
        let weight: f64 = rows.iter().map(|&i| crossed.w[i]).sum();
        let raw = rows
            .iter()
            .map(|&i| crossed.w[i] * crossed.y[i])
            .sum::<f64>()
            / weight;
        let squares: f64 = rows
            .iter()
            .map(|&i| crossed.w[i] * (crossed.y[i] - raw).powi(2))
            .sum();
        near(area.raw, raw, 1e-12);
        near(
            area.raw_std_error.unwrap(),
            (squares / (rows.len() - 1) as f64 / weight).sqrt(),
            1e-10,
        );
        let row = Crossed::mean(rows.iter().map(|&i| {
            let row = Crossed::row(Some(school), Some(crossed.town[i]), crossed.x[i]);
            (row, crossed.w[i])
        }));
        near(area.estimate, value(&fit, &row), 1e-8);
        near(area.std_error, covariance.quadratic(&row).sqrt(), 1e-6);
        near(
            area.upper - area.estimate,
            1.959963984540054 * area.std_error,
            1e-9,
        );
        let mut fixed = row.clone();
        fixed[..2 * SCHOOLS + TOWNS].fill(0.0);
        near(area.synthetic, value(&fit, &fixed), 1e-10);
        let (low, high) = (area.raw_lower.unwrap(), area.raw_upper.unwrap());
        assert_eq!(area.raw_flagged, Some(average < low || average > high));
        assert!(area.rank_lower <= area.rank && area.rank <= area.rank_upper);
        assert_eq!(
            area.rank,
            1 + found
                .areas
                .iter()
                .filter(|a| a.estimate > area.estimate)
                .count()
        );
        // Normal probabilities, to the noise of 20,000 draws.
        let above = ranef_normal((area.estimate - 14.0) / area.std_error);
        assert!(
            (area.above[0] - above).abs() < 0.015,
            "{} {above}",
            area.above[0]
        );
        functionals.push((row, weight));
    }
    // Differences from the average of all groups.
    let mean = Crossed::mean(functionals.iter().cloned());
    for (area, (row, _)) in found.areas.iter().zip(&functionals) {
        let gap: Vec<f64> = row.iter().zip(&mean).map(|(a, b)| a - b).collect();
        let z = value(&fit, &gap) / covariance.quadratic(&gap).sqrt();
        assert!((area.p_above_average - ranef_normal(z)).abs() < 0.015);
        if (z.abs() - 1.96).abs() > 0.1 {
            assert_eq!(area.flagged, z.abs() > 1.96, "{z}");
        }
        let wrong = if area.raw > average {
            1.0 - area.p_above_average
        } else {
            area.p_above_average
        };
        near(area.raw_sign_wrong, wrong, 1e-12);
    }
    let sum = |of: fn(&ranef::Area) -> f64| found.areas.iter().map(of).sum::<f64>();
    near(sum(|a| a.p_top), 2.0, 1e-9);
    near(sum(|a| a.p_bottom), 2.0, 1e-9);
    assert_eq!(
        found.flags.model,
        found.areas.iter().filter(|a| a.flagged).count()
    );
    // The other factor, by name.
    let towns = fit.areas(&source, &options.clone().group("town")).unwrap();
    assert_eq!(towns.areas.len(), TOWNS);
    // The same seed gives the same answer, another one another.
    assert_eq!(fit.areas(&source, &options).unwrap(), found);
    let other = fit.areas(&source, &options.clone().seed(6)).unwrap();
    let above = |found: &ranef::Areas| found.areas.iter().map(|a| a.above[0]).sum::<f64>();
    assert_ne!(above(&other), above(&found));
    assert_eq!(other.areas[0].std_error, found.areas[0].std_error);
}

/// Φ by its series (Marsaglia 2004), for tests.
fn ranef_normal(z: f64) -> f64 {
    if z.abs() > 8.0 {
        return if z > 0.0 { 1.0 } else { 0.0 };
    }
    let (mut term, mut sum, mut k) = (z, z, 1.0);
    while term.abs() > 1e-17 * sum.abs() && k < 400.0 {
        k += 2.0;
        term *= z * z / k;
        sum += term;
    }
    0.5 + sum * (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt()
}

#[test]
fn groups_that_do_not_differ_are_not_told_apart() {
    let source = data("Dyestuff2");
    let fit = lmer("Yield ~ 1 + (1 | Batch)", &*source).unwrap();
    let found = fit
        .areas(&*source, &AreasOptions::default().draws(4000))
        .unwrap();
    assert_eq!(found.spread, 0.0);
    assert_eq!((found.flags.model, found.flags.type_m), (0, None));
    near(found.flags.type_s.unwrap(), 0.5, 1e-6);
    near(found.flags.raw_expected, 0.3, 1e-9);
    for area in &found.areas {
        near(area.estimate, found.average, 1e-12);
        assert_eq!((area.rank, area.rank_lower, area.rank_upper), (1, 1, 6));
        // They may differ all the same, and then more likely as their raw means do.
        assert!(area.lower < area.estimate && area.estimate < area.upper);
        assert_eq!(area.p_above_average > 0.5, area.raw > found.average);
        assert!((0.1..0.9).contains(&area.p_above_average));
    }
    // Where the variance counts as known to be zero, nothing tells them apart.
    let equal = known(&fit).areas(&*source, &AreasOptions::default().draws(4000));
    for area in &equal.unwrap().areas {
        assert_eq!((area.rank, area.rank_lower, area.rank_upper), (1, 1, 6));
        assert!((area.p_top - 1.0 / 6.0).abs() < 0.03);
        assert_eq!(area.p_above_average, 0.5);
    }
    assert!(
        found
            .reading
            .contains("all of which the model takes for noise")
    );
}

/// Batches of dyestuff, balanced: everything given θ is known in closed form, and what θ leaves open
/// is an integral over one number. Once with a variance and once where it is estimated as zero.
#[test]
fn intervals_over_an_open_variance() {
    for (name, zero) in [("Dyestuff", false), ("Dyestuff2", true)] {
        let source = data(name);
        let fit = lmer("Yield ~ 1 + (1 | Batch)", &*source).unwrap();
        assert_eq!(fit.singular(), zero);
        let found = fit.areas(&*source, &AreasOptions::default()).unwrap();
        let raw: Vec<f64> = found.areas.iter().map(|a| a.raw).collect();
        let (j, n) = (6.0, 5.0);
        let mean = raw.iter().sum::<f64>() / j;
        let between: f64 = raw.iter().map(|x| n * (x - mean).powi(2)).sum();
        let errors: f64 = found
            .areas
            .iter()
            .map(|a| a.raw_std_error.unwrap().powi(2))
            .sum();
        let within = errors * n * (n - 1.0);
        // (weight, share of its own data, σ²) at each θ: V = σ²(I + θ²J) in every batch.
        let scale = {
            let sd = ((between + within) / (j * n - 1.0)).sqrt();
            2.5 * sd / fit.sigma()
        };
        let points: Vec<(f64, f64, f64)> = (1..200_000)
            .map(|i| {
                let theta = f64::from(i) * 5e-4;
                let v = 1.0 + n * theta * theta;
                let r = within + between / v;
                let log = -0.5 * ((j - 1.0) * v.ln() + (j * n - 1.0) * r.ln());
                let prior = theta / (1.0 + (theta / scale).powi(2) / 3.0).powi(2);
                (log + prior.ln(), 1.0 - 1.0 / v, r / (j * n - 1.0))
            })
            .collect();
        let most = points.iter().fold(f64::NEG_INFINITY, |a, p| a.max(p.0));
        let total: f64 = points.iter().map(|p| (p.0 - most).exp()).sum();
        for area in &found.areas {
            let squares: f64 = points
                .iter()
                .map(|(log, share, s2)| {
                    let centre = mean + share * (area.raw - mean);
                    let variance = s2 * (share / n + (1.0 - share) / (j * n));
                    (log - most).exp() * (variance + (centre - area.estimate).powi(2))
                })
                .sum();
            near(area.std_error, (squares / total).sqrt(), 0.02);
        }
    }
}

#[test]
fn questions_that_have_no_answer() {
    let source = data("sleepstudy");
    let code = |fit: &Fit, options: AreasOptions| fit.areas(&*source, &options).unwrap_err().code();
    let none = lmer("Reaction ~ Days", &*source).unwrap();
    assert_eq!(code(&none, AreasOptions::default()), "no_groups");
    let fit = lmer("Reaction ~ Days + (1 | Subject)", &*source).unwrap();
    assert_eq!(
        code(&fit, AreasOptions::default().group("subject")),
        "unknown_group"
    );
    assert_eq!(
        code(&fit, AreasOptions::default().draws(99)),
        "too_few_draws"
    );
    assert_eq!(
        code(&fit, AreasOptions::default().draws(u32::MAX)),
        "too_many_draws"
    );
    let other = data("sleep_unbal");
    let error = fit.areas(&*other, &AreasOptions::default()).unwrap_err();
    assert_eq!(error.code(), "other_rows");
}

#[test]
fn the_rows_themselves_as_population() {
    let crossed = Crossed::new(8, 90);
    let (fit, source) = (known(&crossed.fit()), crossed.source());
    let options = PoststratifyOptions::by(["town", "school"]);
    let found = fit.poststratify(&source, Some(&source), &options).unwrap();
    let fitted: Vec<f64> = fit
        .predict(&source, Groups::All)
        .unwrap()
        .fit
        .into_iter()
        .map(Option::unwrap)
        .collect();
    let covariance = crossed.covariance(&fit);
    assert_eq!(
        (found.cells, found.population, found.draws),
        (90, 90.0, None)
    );
    assert!(found.new_groups.is_empty());
    let mut kinds = [0; 3];
    for row in &found.rows {
        let inside = |i: usize| {
            let town = row.values[0]
                .as_ref()
                .is_none_or(|t| *t == format!("t{}", crossed.town[i]));
            town && row.values[1]
                .as_ref()
                .is_none_or(|s| *s == format!("s{}", crossed.school[i]))
        };
        let rows: Vec<usize> = (0..90).filter(|&i| inside(i)).collect();
        let n = rows.len();
        assert_eq!((row.cells, row.n), (n, Some(n)));
        near(
            row.estimate,
            rows.iter().map(|&i| fitted[i]).sum::<f64>() / n as f64,
            1e-10,
        );
        let mean = Crossed::mean(rows.iter().map(|&i| {
            let row = Crossed::row(Some(crossed.school[i]), Some(crossed.town[i]), crossed.x[i]);
            (row, 1.0)
        }));
        near(row.std_error, covariance.quadratic(&mean).sqrt(), 1e-6);
        let weight: f64 = rows.iter().map(|&i| crossed.w[i]).sum();
        let raw = rows
            .iter()
            .map(|&i| crossed.w[i] * crossed.y[i])
            .sum::<f64>()
            / weight;
        near(row.raw.unwrap(), raw, 1e-12);
        kinds[row.values.iter().filter(|v| v.is_none()).count()] += 1;
    }
    assert_eq!((kinds[1], kinds[2]), (SCHOOLS + TOWNS, 1));
    // Sorted: combinations, then towns, then schools, then all.
    let rest: Vec<_> = found.rows[kinds[0]..]
        .iter()
        .map(|r| r.values.clone())
        .collect();
    assert_eq!(rest[0], [Some("t0".to_owned()), None]);
    assert_eq!(rest[TOWNS], [None, Some("s0".to_owned())]);
    assert_eq!(rest[SCHOOLS + TOWNS], [None, None]);
}

#[test]
fn new_groups_share_one_effect_over_their_cells() {
    let crossed = Crossed::new(8, 90);
    let fit = known(&crossed.fit());
    let covariance = crossed.covariance(&fit);
    // Two cells of a new school, one of another new one, one of a known one.
    let frame = Table::new()
        .text("school", ["new", "new", "newer", "s1"])
        .text("town", ["t0", "t3", "t1", "t1"])
        .number("x", [1.0, 4.0, 2.0, 3.0])
        .number("people", [10.0, 30.0, 20.0, 40.0])
        .source()
        .unwrap();
    let options = PoststratifyOptions::by(["school"]).count("people");
    let found = fit.poststratify(&frame, None, &options).unwrap();
    let t = &fit.varcorr()[0].cov;
    let new_variance = |z: [f64; 2]| -> f64 {
        (0..4)
            .map(|at| z[at / 2] * t[at / 2][at % 2] * z[at % 2])
            .sum()
    };
    let cells = [
        (Crossed::row(None, Some(0), 1.0), 10.0),
        (Crossed::row(None, Some(3), 4.0), 30.0),
        (Crossed::row(None, Some(1), 2.0), 20.0),
        (Crossed::row(Some(1), Some(1), 3.0), 40.0),
    ];
    let new = Crossed::mean(cells[..2].iter().cloned());
    let labels: Vec<_> = found.rows.iter().map(|r| r.values[0].clone()).collect();
    let text = |s: &str| Some(s.to_owned());
    assert_eq!(labels, [text("new"), text("newer"), text("s1"), None]);
    near(found.rows[0].estimate, value(&fit, &new), 1e-10);
    // z of the mean: (1, (10·1 + 30·4)/40).
    let variance = covariance.quadratic(&new) + new_variance([1.0, 3.25]);
    near(found.rows[0].std_error, variance.sqrt(), 1e-6);
    let all = Crossed::mean(cells.iter().cloned());
    let variance = covariance.quadratic(&all) + new_variance([0.4, 1.3]) + new_variance([0.2, 0.4]);
    near(found.rows[3].std_error, variance.sqrt(), 1e-6);
    assert_eq!(found.rows[3].population, 100.0);
    assert_eq!(
        [0, 1, 2, 3].map(|r| found.rows[r].new_share),
        [1.0, 1.0, 0.0, 0.6]
    );
    let groups = &found.new_groups[0];
    assert_eq!(groups.levels, ["new", "newer"]);
    assert_eq!(
        (groups.group.as_str(), groups.cells, groups.population),
        ("school", 3, 60.0)
    );
    assert!(
        found
            .reading
            .contains("2 levels of `school` the model has not seen (new, newer)")
    );
    // Cell by cell the error of a sum would come out too small.
    let alone = |row: &[f64], z: [f64; 2]| covariance.quadratic(row) + new_variance(z);
    let by_cell = (0.25f64.powi(2) * alone(&cells[0].0, [1.0, 1.0])
        + 0.75f64.powi(2) * alone(&cells[1].0, [1.0, 4.0]))
    .sqrt();
    assert!(found.rows[0].std_error > 1.1 * by_cell);
}

#[test]
fn populations_without_columns_to_sum_by_and_saved_models() {
    let crossed = Crossed::new(8, 90);
    let (fit, source) = (crossed.fit(), crossed.source());
    let loaded = known(&fit);
    let options = PoststratifyOptions::by(Vec::<String>::new());
    let found = loaded.poststratify(&source, None, &options).unwrap();
    assert_eq!(found.rows.len(), 1);
    assert_eq!((found.rows[0].n, found.rows[0].raw), (None, None));
    let again = fit.poststratify(&source, Some(&source), &options).unwrap();
    // Without its rows the variances count as known, and that is said.
    assert_eq!(found.rows[0].estimate, again.rows[0].estimate);
    assert_ne!(found.rows[0].std_error, again.rows[0].std_error);
    assert_eq!(found.notes[0].code, "variances_known");
    assert!(again.notes.is_empty());
    let with_rows = known(&fit).with_rows(&source).unwrap();
    let same = with_rows.poststratify(&source, None, &options).unwrap();
    near(same.rows[0].std_error, again.rows[0].std_error, 1e-6);
    assert_eq!(again.rows[0].n, Some(90));
    // Columns that the data of the model do not have.
    let frame = crossed
        .table()
        .text("band", (0..90).map(|i| if i % 2 == 0 { "a" } else { "b" }));
    let frame = frame.source().unwrap();
    let by = PoststratifyOptions::by(["band"]);
    let found = fit.poststratify(&frame, Some(&source), &by).unwrap();
    assert_eq!(found.rows[0].n, None);
    assert_eq!(found.notes[0].code, "no_raw_means");
    // And areas of a loaded model, from its rows.
    let options = AreasOptions::default();
    let of_loaded = loaded.areas(&source, &options).unwrap();
    let direct = fit.areas(&source, &options).unwrap();
    let again = with_rows.areas(&source, &options).unwrap();
    for ((a, b), c) in of_loaded.areas.iter().zip(&direct.areas).zip(&again.areas) {
        assert_eq!(a.estimate, b.estimate);
        near(b.std_error, c.std_error, 1e-6);
    }
}

#[test]
fn what_is_wrong_with_a_frame() {
    let crossed = Crossed::new(8, 90);
    let source = crossed
        .table()
        .text("sex", (0..90).map(|i| if i % 3 == 0 { "f" } else { "m" }))
        .source()
        .unwrap();
    let fit = lmer("y ~ x + sex + (1 | school)", &source).unwrap();
    let frame = |x: [Option<f64>; 2], sex: [&str; 2], people: [Option<f64>; 2]| {
        Table::new()
            .text("school", ["s1", "s2"])
            .number("x", x)
            .text("sex", sex)
            .number("people", people)
            .text_or_missing("band", [Some("a"), None])
            .source()
            .unwrap()
    };
    let good = || frame([Some(1.0), Some(2.0)], ["f", "m"], [Some(5.0), Some(6.0)]);
    let options = PoststratifyOptions::by(["sex"]).count("people");
    let ask = |frame: MemorySource, options: &PoststratifyOptions| {
        let error = fit.poststratify(&frame, None, options).unwrap_err();
        (error.code(), error.to_string())
    };
    assert!(fit.poststratify(&good(), None, &options).is_ok());
    let people = |n: f64| frame([Some(1.0), Some(2.0)], ["f", "m"], [Some(5.0), Some(n)]);
    for n in [0.0, -3.0, f64::INFINITY] {
        let (code, message) = ask(people(n), &options);
        assert_eq!(code, "bad_count");
        assert!(message.contains("row 2"), "{message}");
    }
    let (code, message) = ask(
        frame([Some(1.0), Some(2.0)], ["f", "m"], [None, Some(1.0)]),
        &options,
    );
    assert_eq!((code, message.contains("row 1")), ("missing_count", true));
    let (code, message) = ask(
        frame([Some(1.0), None], ["f", "m"], [Some(1.0), Some(1.0)]),
        &options,
    );
    assert_eq!(code, "missing_value");
    assert!(message.contains("row 2 has no value of `x`"), "{message}");
    let (code, message) = ask(
        frame([Some(1.0), Some(2.0)], ["f", "d"], [Some(1.0), Some(1.0)]),
        &options,
    );
    assert_eq!(code, "unknown_level");
    assert!(message.contains("\"d\" in row 2"), "{message}");
    let by = |column: &str| PoststratifyOptions::by([column]);
    assert_eq!(ask(good(), &by("sexx")).0, "unknown_column");
    assert_eq!(ask(good(), &by("band")).0, "missing_value");
    assert_eq!(ask(good(), &by("sex").count("band")).0, "not_numeric");
    assert_eq!(ask(good(), &by("sex").draws(3)).0, "too_few_draws");
    let empty = Table::new()
        .text("school", Vec::<String>::new())
        .number("x", Vec::<f64>::new())
        .text("sex", Vec::<String>::new())
        .source()
        .unwrap();
    assert_eq!(ask(empty, &by("sex")).0, "empty_frame");
    let lacking = Table::new()
        .text("school", ["s1"])
        .text("sex", ["f"])
        .source()
        .unwrap();
    assert_eq!(ask(lacking, &by("sex")).0, "unknown_column");
}

/// A combination of predictors that no row had has no estimate, whatever column was left out.
#[test]
fn cells_that_the_data_do_not_tell_about() {
    let mut rng = Rng(4);
    let n = 60;
    let cell = |i: usize| [("a", "u"), ("a", "v"), ("b", "u")][i % 3];
    let source = Table::new()
        .text("p", (0..n).map(|i| cell(i).0))
        .text("q", (0..n).map(|i| cell(i).1))
        .text("g", (0..n).map(|i| format!("g{}", i % 7)))
        .number("y", (0..n).map(|_| rng.normal()))
        .source()
        .unwrap();
    let fit = lmer("y ~ p * q + (1 | g)", &source).unwrap();
    let frame = |p: [&str; 2], q: [&str; 2]| {
        let table = Table::new().text("p", p).text("q", q);
        table.text("g", ["g0", "g1"]).source().unwrap()
    };
    let options = PoststratifyOptions::by(["p"]);
    let known = frame(["a", "b"], ["v", "u"]);
    let found = fit.poststratify(&known, None, &options).unwrap();
    let predicted = fit.predict(&known, Groups::All).unwrap().fit;
    near(found.rows[0].estimate, predicted[0].unwrap(), 1e-12);
    near(found.rows[1].estimate, predicted[1].unwrap(), 1e-12);
    let error = fit
        .poststratify(&frame(["a", "b"], ["v", "v"]), None, &options)
        .unwrap_err();
    assert_eq!(error.code(), "not_estimable");
    assert!(error.to_string().contains("row 2"));
}

/// Levels of an interaction of groups are told apart by all of its columns.
#[test]
fn new_levels_of_nested_groups() {
    let source = data("Pastes");
    let fit = known(&lmer("strength ~ 1 + (1 | batch/cask)", &*source).unwrap());
    let frame = Table::new()
        .text("batch", ["A", "A", "Z", "Z", "Y"])
        .text("cask", ["a", "z", "z", "z", "z"])
        .source()
        .unwrap();
    let options = PoststratifyOptions::by(["batch"]);
    let found = fit.poststratify(&frame, Some(&*source), &options).unwrap();
    let sizes: Vec<_> = found
        .new_groups
        .iter()
        .map(|g| (g.levels.len(), g.cells))
        .collect();
    // Casks A:z, Z:z, Y:z; batches Z, Y; by the order of the model's factors.
    assert!(
        sizes.contains(&(3, 4)) && sizes.contains(&(2, 3)),
        "{:?}",
        found.new_groups
    );
    let [cask, batch] = [&fit.varcorr()[0], &fit.varcorr()[1]].map(|b| b.cov[0][0]);
    let beta = fit.vcov()[0];
    let z = found
        .rows
        .iter()
        .find(|r| r.values[0].as_deref() == Some("Z"))
        .unwrap();
    // Both cells of Z are the same cask: the whole variance of both levels stays.
    near(z.std_error, (beta + cask + batch).sqrt(), 1e-8);
    assert_eq!(z.n, Some(0));
    assert_eq!(z.raw, None);
}

/// Shares behind a logit: means of the logistic curve over normal linear predictors, by quadrature.
#[test]
fn shares_by_their_definition() {
    let mut rng = Rng(12);
    let (groups, mut g, mut x, mut s, mut t) = (9, vec![], vec![], vec![], vec![]);
    for group in 0..groups {
        let effect = 0.8 * rng.normal();
        for _ in 0..1 + group % 4 {
            let (z, trials) = (rng.normal(), 5 + (20.0 * rng.uniform()) as usize);
            let p = 1.0 / (1.0 + (-0.3 - effect - 0.6 * z).exp());
            let yes = (0..trials).filter(|_| rng.uniform() < p).count();
            g.push(group);
            x.push(z);
            s.push(yes as f64);
            t.push(trials as f64);
        }
    }
    let source = Table::new()
        .text("g", g.iter().map(|g| format!("g{g}")))
        .number("x", x.iter().copied())
        .number("yes", s.iter().copied())
        .number("no", s.iter().zip(&t).map(|(s, t)| t - s))
        .number("trials", t.iter().copied())
        .source()
        .unwrap();
    let family: ranef::Family = "binomial".parse().unwrap();
    let model = Model::new("cbind(yes, no) ~ x + (1 | g)").family(family);
    let fit = model.fit(&source).unwrap();
    assert!(fit.varcorr()[0].sd[0] > 0.1);
    let joint = fit.joint().unwrap();
    let logistic = |eta: f64| 1.0 / (1.0 + (-eta).exp());
    let expected = |m: f64, v: f64| -> f64 {
        let weight = |i: i32| (-0.5 * (f64::from(i) / 20.0).powi(2)).exp();
        let total: f64 = (-160..=160).map(weight).sum();
        let value = |i: i32| weight(i) * logistic(m + v.sqrt() * f64::from(i) / 20.0);
        (-160..=160).map(value).sum::<f64>() / total
    };
    let beta = fit.fixef();
    let options = AreasOptions::default().draws(20_000);
    let found = fit.areas(&source, &options).unwrap();
    for (group, area) in found.areas.iter().enumerate() {
        let rows: Vec<usize> = (0..g.len()).filter(|&i| g[i] == group).collect();
        let trials: f64 = rows.iter().map(|&i| t[i]).sum();
        let p = rows.iter().map(|&i| s[i]).sum::<f64>() / trials;
        near(area.raw, p, 1e-12);
        near(
            area.raw_std_error.unwrap(),
            (p * (1.0 - p) / trials).sqrt(),
            1e-10,
        );
        let b = fit.random_effects().modes[0][group];
        let mean: f64 = rows
            .iter()
            .map(|&i| {
                let m = beta[0] + beta[1] * x[i] + b;
                t[i] * expected(m, joint.variance(&[1.0, x[i]], &[(0, group, &[1.0])]))
            })
            .sum::<f64>()
            / trials;
        assert!(
            (area.estimate - mean).abs() < 0.02 * area.std_error,
            "{area:?} {mean}"
        );
        assert!(0.0 < area.lower && area.lower < area.estimate && area.upper < 1.0);
    }
    // A new group: the curve over the groups, not the curve at the average one.
    let frame = Table::new()
        .text("g", ["new"])
        .number("x", [2.0])
        .source()
        .unwrap();
    let options = PoststratifyOptions::by(["g"]).draws(40_000);
    let found = fit.poststratify(&frame, None, &options).unwrap();
    let v = joint.variance(&[1.0, 2.0], &[]) + fit.varcorr()[0].cov[0][0];
    let want = expected(beta[0] + 2.0 * beta[1], v);
    let row = &found.rows[0];
    assert!(
        (row.estimate - want).abs() < 0.02 * row.std_error,
        "{} {want}",
        row.estimate
    );
}
