//! Do the tests keep their level, and do the intervals hold the truth? `cargo xtask proof` runs this
//! and prints the table of `guide/power.md`.
//!
//! Data are drawn from a growth model without effects, y ~ time + arm + (time | group), with 6, 12
//! and 50 groups that have 3, 5 and 7 rows in turn; both effects are tested in every data set: `time`,
//! whose slope differs between groups, and `arm`, a property of groups. An interval of a fixed effect
//! holds the truth if and only if its test does not reject it: Satterthwaite's and Wald's intervals
//! with their tests, the profile with the likelihood ratio. Those of the bootstrap have a table of
//! their own.

use ranef_engine::distributions::{ChiSquared, Normal, StudentT};
use ranef_engine::lmm::{Options, Refit};
use ranef_engine::simulate::{Effects, Gram, Truth, parallel};
use ranef_engine::{Column, Coordinates, FactorRows, Layout, Rows, Statistics};

const SIGMA: f64 = 1.0;
/// Intercepts with standard deviation 1, slopes with 0.5, without correlation.
const THETA: [f64; 3] = [1.0, 0.0, 0.5];
const EFFECTS: [(&str, usize); 2] = [("time", 1), ("arm", 2)];
/// Rows of the groups, in turn.
const SIZES: [[u32; 3]; 2] = [[5, 5, 5], [3, 5, 7]];
const ALPHA: f64 = 0.05;

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|a| a.parse::<u32>().ok());
    let data_sets = numbers.next().unwrap_or(10_000);
    let bootstrapped = numbers.next().unwrap_or(data_sets);
    let replicates = numbers.next().unwrap_or(199);
    println!(
        "{data_sets} null data sets (Monte Carlo error {:.4} at 0.05); bootstrap: {bootstrapped} of them \
         with {replicates} replicates each (error {:.4}).\n",
        error(data_sets),
        error(bootstrapped)
    );
    println!(
        "| groups | rows in each | effect | Satterthwaite | Kenward-Roger | likelihood ratio | Wald z | parametric \
         bootstrap |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let mut intervals = Vec::new();
    let designs = SIZES
        .iter()
        .flat_map(|sizes| [6, 12, 50].map(|groups| (groups, sizes)));
    for (groups, sizes) in designs {
        let rows = match sizes {
            [a, b, _] if a == b => a.to_string(),
            _ => sizes.map(|n| n.to_string()).join(", "),
        };
        let statistics = statistics(groups, sizes);
        let plain = plain(&statistics, data_sets);
        let dear = dear(&statistics, bootstrapped, replicates);
        for (at, (name, _)) in EFFECTS.iter().enumerate() {
            let share = |test: usize| {
                let known: Vec<f64> = plain
                    .iter()
                    .map(|r| r[at][test])
                    .filter(|p| !p.is_nan())
                    .collect();
                known.iter().filter(|p| **p < ALPHA).count() as f64 / known.len() as f64
            };
            let known = dear.iter().flatten();
            let count = known.clone().count() as f64;
            let boot = known.clone().filter(|d| d.p[at] <= ALPHA).count() as f64 / count;
            println!(
                "| {groups} | {rows} | {name} | {:.4} | {:.4} | {:.4} | {:.4} | {boot:.4} |",
                share(0),
                share(1),
                share(2),
                share(3)
            );
        }
        let names = ["time", "arm", "sd of time"];
        for (at, name) in names.iter().enumerate() {
            let known = dear.iter().flatten();
            let count = known.clone().count() as f64;
            let held: Vec<String> = (0..3)
                .map(|kind| known.clone().filter(|d| d.held[at][kind]).count() as f64 / count)
                .map(|share| format!("{share:.4}"))
                .collect();
            intervals.push(format!(
                "| {groups} | {rows} | {name} | {} |",
                held.join(" | ")
            ));
        }
        let failed = plain
            .iter()
            .flatten()
            .flatten()
            .filter(|p| p.is_nan())
            .count();
        let lost = dear.iter().filter(|d| d.is_none()).count();
        eprintln!(
            "{groups} groups: {failed} tests without a p-value, {lost} bootstraps without a fit"
        );
    }
    println!(
        "\n| groups | rows in each | effect | percentile | basic | normal |\n|---|---|---|---|---|---|"
    );
    for line in intervals {
        println!("{line}");
    }
}

fn error(n: u32) -> f64 {
    (ALPHA * (1.0 - ALPHA) / f64::from(n)).sqrt()
}

fn statistics(groups: u32, sizes: &[u32; 3]) -> Statistics {
    let (mut codes, mut time, mut arm) = (Vec::new(), Vec::new(), Vec::new());
    for group in 0..groups {
        for row in 0..sizes[group as usize % 3] {
            codes.push(group);
            time.push(f64::from(row));
            arm.push(f64::from(group % 2));
        }
    }
    // Any response: the design alone counts.
    let y: Vec<f64> = (0..codes.len()).map(|i| (i * 7 % 11) as f64).collect();
    let layout = Layout::new(3, Some(0), &[groups as usize], &[(0, 2, Some(0))]);
    let rows = Rows {
        response: &y,
        fixed: vec![
            Column::Constant(1.0),
            Column::Values(&time),
            Column::Values(&arm),
        ],
        weights: None,
        factors: vec![FactorRows {
            codes: &codes,
            columns: vec![Column::Constant(1.0), Column::Values(&time)],
        }],
    };
    let mut out = Statistics::new(layout.clone(), Coordinates::pilot(&layout, &rows));
    out.add(&rows);
    out
}

fn refit(statistics: &Statistics, reml: bool) -> Refit {
    let options = Options {
        reml,
        start: Some(THETA.to_vec()),
        ..Options::default()
    };
    Refit::new(statistics, &options).expect("a design that can be fitted")
}

fn null() -> Truth {
    Truth {
        beta: vec![0.0; 3],
        sigma: SIGMA,
        effects: Effects::New(THETA.to_vec()),
    }
}

/// p-values by Satterthwaite, Kenward and Roger, likelihood ratio and z, for each effect.
fn plain(statistics: &Statistics, count: u32) -> Vec<[[f64; 4]; 2]> {
    let gram = Gram::new(statistics).expect("a small design");
    let world = gram.world(&null());
    let smaller: Vec<Statistics> = EFFECTS
        .iter()
        .map(|e| statistics.without_fixed(&[e.1]))
        .collect();
    parallel(
        0..count,
        || {
            let small: Vec<Refit> = smaller.iter().map(|s| refit(s, false)).collect();
            (
                gram.room(),
                refit(statistics, true),
                refit(statistics, false),
                small,
            )
        },
        |(room, reml, full, small), r| {
            gram.draw(&world, 1, r, room);
            let mut out = [[f64::NAN; 4]; 2];
            let Ok(fit) = reml.whole(room.products()) else {
                return out;
            };
            let (inference, kr) = (fit.inference(), fit.kenward_roger());
            for (at, (_, column)) in EFFECTS.iter().enumerate() {
                let mut contrast = [0.0; 3];
                contrast[*column] = 1.0;
                let (beta, diagonal) = (fit.beta[*column], column * 3 + column);
                let z = beta / fit.vcov[diagonal].sqrt();
                out[at][0] = StudentT::new(inference.satterthwaite(&contrast)).two_sided_p(z);
                let corrected = beta / kr.covariance[diagonal].sqrt();
                out[at][1] = StudentT::new(kr.df(&contrast)).two_sided_p(corrected);
                out[at][3] = Normal::STANDARD.two_sided_p(z);
            }
            let Ok(value) = full.fit(room.products()).map(|f| f.value) else {
                return out;
            };
            for (at, (_, column)) in EFFECTS.iter().enumerate() {
                if let Ok(found) = small[at].fit(&room.products().without_fixed(&[*column])) {
                    let ratio = (found.value - value).max(0.0);
                    out[at][2] = ChiSquared::new(1.0).upper_tail(ratio);
                }
            }
            out
        },
    )
}

/// What the bootstrap says of one data set.
struct Bootstrapped {
    /// Parametric-bootstrap p-values of the likelihood ratio.
    p: [f64; 2],
    /// Whether percentile, basic and normal 95 % intervals hold the truth: of the two fixed effects
    /// and of the slopes' standard deviation.
    held: [[bool; 3]; 3],
}

fn dear(statistics: &Statistics, count: u32, replicates: u32) -> Vec<Option<Bootstrapped>> {
    let gram = Gram::new(statistics).expect("a small design");
    let world = gram.world(&null());
    let smaller: Vec<Statistics> = EFFECTS
        .iter()
        .map(|e| statistics.without_fixed(&[e.1]))
        .collect();
    parallel(
        0..count,
        || {
            let small: Vec<Refit> = smaller.iter().map(|s| refit(s, false)).collect();
            (
                gram.room(),
                gram.room(),
                refit(statistics, true),
                refit(statistics, false),
                small,
            )
        },
        |(data, room, reml, full, small), r| {
            gram.draw(&world, 1, r, data);
            let mut out = Bootstrapped {
                p: [1.0; 2],
                held: [[false; 3]; 3],
            };
            let own = full.fit(data.products()).ok()?.clone();
            for (at, (_, column)) in EFFECTS.iter().enumerate() {
                let null = small[at]
                    .fit(&data.products().without_fixed(&[*column]))
                    .ok()?
                    .clone();
                let observed = (null.value - own.value).max(0.0);
                let mut beta = null.beta.clone();
                beta.insert(*column, 0.0);
                let truth = Truth {
                    beta,
                    sigma: null.sigma,
                    effects: Effects::New(null.theta),
                };
                let drawn = gram.world(&truth);
                let (mut extreme, mut done) = (0, 0);
                for b in 0..replicates {
                    gram.draw(&drawn, 2 + u64::from(r), b, room);
                    let Ok(value) = full.fit(room.products()).map(|f| f.value) else {
                        continue;
                    };
                    let Ok(null) = small[at].fit(&room.products().without_fixed(&[*column])) else {
                        continue;
                    };
                    done += 1;
                    extreme += u32::from((null.value - value).max(0.0) >= observed - 1e-8);
                }
                out.p[at] = f64::from(1 + extreme) / f64::from(1 + done);
            }
            let own = reml.fit(data.products()).ok()?.clone();
            let (own_beta, own_theta, own_sigma) = (own.beta.clone(), own.theta.clone(), own.sigma);
            let truth = Truth {
                beta: own.beta,
                sigma: own.sigma,
                effects: Effects::New(own.theta),
            };
            let drawn = gram.world(&truth);
            let mut values: [Vec<f64>; 3] = Default::default();
            for b in 0..replicates {
                gram.draw(&drawn, u64::MAX - u64::from(r), b, room);
                let Ok(found) = reml.fit(room.products()) else {
                    continue;
                };
                values[0].push(found.beta[1]);
                values[1].push(found.beta[2]);
                let [_, b, c] = found.theta[..] else { continue };
                values[2].push(found.sigma * (b * b + c * c).sqrt());
            }
            let [_, b, c] = own_theta[..] else {
                return None;
            };
            let estimates = [own_beta[1], own_beta[2], own_sigma * (b * b + c * c).sqrt()];
            for (at, truth) in [0.0, 0.0, SIGMA * THETA[2]].into_iter().enumerate() {
                out.held[at] = holds(&mut values[at], estimates[at], truth);
            }
            Some(out)
        },
    )
}

/// Whether percentile, basic and normal intervals hold the truth.
fn holds(values: &mut [f64], estimate: f64, truth: f64) -> [bool; 3] {
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let at = |p: f64| values[((n + 1.0) * p).round().max(1.0) as usize - 1];
    let (low, high) = (at(0.5 * ALPHA), at(1.0 - 0.5 * ALPHA));
    let mean = values.iter().sum::<f64>() / n;
    let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    // The normal interval takes the bias of the estimate off, as R's boot.ci does.
    let (centre, reach) = (
        2.0 * estimate - mean,
        Normal::STANDARD.upper_quantile(0.5 * ALPHA) * sd,
    );
    let basic = (2.0 * estimate - high, 2.0 * estimate - low);
    [
        low <= truth && truth <= high,
        basic.0 <= truth && truth <= basic.1,
        (truth - centre).abs() <= reach,
    ]
}
