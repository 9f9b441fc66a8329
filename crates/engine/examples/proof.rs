//! Do the tests keep their level, and do the intervals hold the truth? `cargo xtask proof` runs this
//! and prints the table of `guide/power.md`.
//!
//! Data are drawn from a growth model without effects, y ~ time + arm + (time | group), with 6, 12
//! and 50 groups that have 3, 5 and 7 rows in turn; both effects are tested in every data set: `time`,
//! whose slope differs between groups, and `arm`, a property of groups. An interval of a fixed effect
//! holds the truth if and only if its test does not reject it: Satterthwaite's and Wald's intervals
//! with their tests, the profile with the likelihood ratio.

use ranef_engine::distributions::{ChiSquared, Normal, StudentT};
use ranef_engine::lmm::{Options, Refit};
use ranef_engine::simulate::{Effects, Gram, Truth, parallel};
use ranef_engine::{Column, Coordinates, FactorRows, Layout, ResponseProducts, Rows, Statistics};

const SIGMA: f64 = 1.0;
/// Intercepts with standard deviation 1, slopes with 0.5, without correlation.
const THETA: [f64; 3] = [1.0, 0.0, 0.5];
const EFFECTS: [(&str, usize); 2] = [("time", 1), ("arm", 2)];
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
        "| groups | effect | Satterthwaite | Kenward-Roger | likelihood ratio | Wald z | parametric \
         bootstrap | percentile interval |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let mut slopes = Vec::new();
    for groups in [6, 12, 50] {
        let statistics = statistics(groups);
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
            let held = known.filter(|d| d.held[at]).count() as f64 / count;
            println!(
                "| {groups} | {name} | {:.4} | {:.4} | {:.4} | {:.4} | {boot:.4} | {held:.4} |",
                share(0),
                share(1),
                share(2),
                share(3)
            );
        }
        let known = dear.iter().flatten();
        let held = known.clone().filter(|d| d.slope).count() as f64 / known.clone().count() as f64;
        let failed = plain
            .iter()
            .flatten()
            .flatten()
            .filter(|p| p.is_nan())
            .count();
        slopes.push((
            groups,
            held,
            failed,
            dear.iter().filter(|d| d.is_none()).count(),
        ));
    }
    println!();
    for (groups, held, failed, lost) in slopes {
        println!(
            "{groups} groups: the bootstrap percentile interval of the slopes' standard deviation holds it in \
             {held:.4}; {failed} tests without a p-value, {lost} bootstraps without a fit."
        );
    }
}

fn error(n: u32) -> f64 {
    (ALPHA * (1.0 - ALPHA) / f64::from(n)).sqrt()
}

fn statistics(groups: u32) -> Statistics {
    let (mut codes, mut time, mut arm) = (Vec::new(), Vec::new(), Vec::new());
    for group in 0..groups {
        for row in 0..3 + 2 * (group % 3) {
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

/// The products of a response with the columns that are left.
fn without(products: &ResponseProducts, column: usize) -> ResponseProducts {
    let mut out = products.clone();
    out.fixed.remove(column);
    out
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
                if let Ok(found) = small[at].fit(&without(room.products(), *column)) {
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
    /// Whether percentile intervals of the fixed effects hold zero.
    held: [bool; 2],
    /// Whether that of the slopes' standard deviation holds it.
    slope: bool,
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
                held: [false; 2],
                slope: false,
            };
            let own = full.fit(data.products()).ok()?.clone();
            for (at, (_, column)) in EFFECTS.iter().enumerate() {
                let null = small[at]
                    .fit(&without(data.products(), *column))
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
                    let Ok(null) = small[at].fit(&without(room.products(), *column)) else {
                        continue;
                    };
                    done += 1;
                    extreme += u32::from((null.value - value).max(0.0) >= observed - 1e-8);
                }
                out.p[at] = f64::from(1 + extreme) / f64::from(1 + done);
            }
            let own = reml.fit(data.products()).ok()?.clone();
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
            let holds = |values: &mut Vec<f64>, truth: f64| {
                values.sort_by(f64::total_cmp);
                let at =
                    |p: f64| values[((values.len() + 1) as f64 * p).round().max(1.0) as usize - 1];
                at(0.025) <= truth && truth <= at(0.975)
            };
            out.held = [holds(&mut values[0], 0.0), holds(&mut values[1], 0.0)];
            out.slope = holds(&mut values[2], 0.5);
            Some(out)
        },
    )
}
