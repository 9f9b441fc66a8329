//! What must not matter: the order of rows and factors, batches, spelling, names of levels, units.

mod support;

use proptest::prelude::*;
use ranef_engine::lmm::{self, Criterion, Options};
use ranef_engine::{Coordinates, Layout, Standard, Statistics};

use support::data::sleepstudy;
use support::twin::Twin;
use support::{Model, Rng, assert_close, covariances, random_model, random_theta, relative};

fn shuffled(rng: &mut Rng, n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, rng.below(i + 1));
    }
    order
}

/// The criterion at a θ in the user's units.
fn criterion_at(model: &Model, statistics: &Statistics, theta: &[f64], reml: bool) -> f64 {
    let standard = statistics
        .coordinates()
        .theta_to_standard(&model.layout, theta);
    Criterion::new(statistics, reml).at(&standard)
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 64,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    /// Whatever the coordinates, the criterion is the one in the user's units.
    #[test]
    fn coordinates_change_nothing(seed in 1u64.., reml: bool) {
        let mut rng = Rng(seed);
        let model = random_model(&mut rng, 3, 4, 30);
        let theta = random_theta(&mut rng, &model.layout, 0.15, 0.0);
        let twin = Twin::of(&model, &theta, reml);
        let ours = criterion_at(&model, &model.statistics(), &theta, reml);
        prop_assert!(relative(ours, twin.value, 1.0) < 1e-9, "{ours} {}", twin.value);
        let mut odd = model.coordinates();
        odd.response = Standard { shift: if model.layout.intercept.is_some() { -7.0 } else { 0.0 }, scale: 0.01 };
        // Intercepts, which have no scale of their own, stay.
        let not_one = |s: &&mut Standard| **s != Standard::IDENTITY;
        for standard in odd.fixed.iter_mut().chain(odd.random.iter_mut().flatten()).filter(not_one) {
            standard.scale *= 1.0 + rng.uniform();
            if standard.shift != 0.0 {
                standard.shift += rng.normal();
            }
        }
        let ours = criterion_at(&model, &model.statistics_in(odd), &theta, reml);
        prop_assert!(relative(ours, twin.value, 1.0) < 1e-9, "{ours} {}", twin.value);
    }

    #[test]
    fn rows_come_in_any_order_and_any_batches(seed in 1u64.., cuts in 1usize..6) {
        let mut rng = Rng(seed);
        let model = random_model(&mut rng, 4, 3, 30);
        let theta = random_theta(&mut rng, &model.layout, 0.1, 0.0);
        let coordinates = model.coordinates();
        let whole = criterion_at(&model, &model.statistics_in(coordinates.clone()), &theta, true);
        let order = shuffled(&mut rng, model.rows());
        let mut parts: Vec<Statistics> = (0..cuts)
            .map(|_| Statistics::new(model.layout.clone(), coordinates.clone()))
            .collect();
        for (i, chunk) in order.chunks(4).enumerate() {
            model.batch(chunk, |rows| parts[i % cuts].add(rows));
        }
        let mut all = parts.pop().unwrap();
        for part in &parts {
            all.merge(part);
        }
        prop_assert_eq!(all.rows(), model.rows());
        let other = criterion_at(&model, &all, &theta, true);
        prop_assert!(relative(whole, other, 1.0) < 1e-11, "{whole} {other}");
    }

    /// Factors in reverse, terms in reverse, levels renamed, with some that no row has.
    #[test]
    fn spelling_and_names_do_not_matter(seed in 1u64..) {
        let mut rng = Rng(seed);
        let model = random_model(&mut rng, 4, 3, 30);
        let theta = random_theta(&mut rng, &model.layout, 0.1, 0.0);
        let (other, theta_of_other) = respelt(&model, &theta, &mut rng);
        for reml in [true, false] {
            let a = criterion_at(&model, &model.statistics(), &theta, reml);
            let b = criterion_at(&other, &other.statistics(), &theta_of_other, reml);
            prop_assert!(relative(a, b, 1.0) < 1e-10, "{a} {b}");
        }
    }
}

/// The same model told the other way round.
fn respelt(model: &Model, theta: &[f64], rng: &mut Rng) -> (Model, Vec<f64>) {
    let factors = model.layout.factors.len();
    let mut levels = Vec::new();
    let mut codes = Vec::new();
    for f in (0..factors).rev() {
        let count = model.layout.factors[f].levels + 2;
        let names = shuffled(rng, count);
        levels.push(count);
        codes.push(
            model.codes[f]
                .iter()
                .map(|&c| names[c as usize] as u32)
                .collect(),
        );
    }
    let mut starts = vec![0];
    for term in &model.layout.terms {
        starts.push(starts[starts.len() - 1] + term.width * (term.width + 1) / 2);
    }
    let (mut terms, mut theta_out) = (Vec::new(), Vec::new());
    let mut z: Vec<Vec<Vec<f64>>> = vec![Vec::new(); factors];
    for (i, term) in model.layout.terms.iter().enumerate().rev() {
        let f = factors - 1 - term.factor;
        terms.push((f, term.width, term.intercept));
        theta_out.extend(&theta[starts[i]..starts[i + 1]]);
        let columns = &model.z[term.factor][term.offset..term.offset + term.width];
        z[f].extend(columns.iter().cloned());
    }
    let other = Model {
        layout: Layout::new(model.layout.fixed, model.layout.intercept, &levels, &terms),
        codes,
        z,
        ..model.clone()
    };
    (other, theta_out)
}

#[test]
fn a_fit_does_not_depend_on_spelling() {
    let mut rng = Rng(8);
    for _ in 0..10 {
        let model = random_model(&mut rng, 2, 2, 60);
        let theta = vec![0.0; model.layout.entries().len()];
        let (other, _) = respelt(&model, &theta, &mut rng);
        let (Ok(a), Ok(b)) = (model.fit(true), other.fit(true)) else {
            panic!("no fit");
        };
        assert!((a.value - b.value).abs() < 1e-7, "{} {}", a.value, b.value);
        // A criterion that is flat to 1e-10 leaves parameters loose by its root.
        assert_close("beta", &a.beta, &b.beta, 1e-4);
        assert!((a.sigma / b.sigma - 1.0).abs() < 1e-4);
    }
}

/// Reaction times in other units, days as calendar years: the fit follows.
#[test]
fn units_do_not_matter() {
    let model = sleepstudy(true);
    for reml in [true, false] {
        let mut plain = model.fit(reml).unwrap();
        let plain_df = plain.inference().satterthwaite(&[0.0, 1.0]);
        let plain_modes = plain.random_effects();
        for (y_shift, y_scale, x_shift, x_scale) in [
            (0.0, 1e6, 0.0, 1.0),
            (5e4, 1e-6, 0.0, 1.0),
            (0.0, 1.0, 2010.0, 1.0),
            (0.0, 1.0, 0.0, 1e6),
            (0.0, 1.0, 0.0, 1e-6),
            (-3e8, 10.0, 1.6e9, 86_400.0),
            (0.0, 1e150, 0.0, 1.0),
            (0.0, 1e-150, 0.0, 1e-100),
        ] {
            let mut other = model.clone();
            other.y.iter_mut().for_each(|y| *y = *y * y_scale + y_shift);
            for x in [&mut other.x[1], &mut other.z[0][1]] {
                x.iter_mut().for_each(|x| *x = *x * x_scale + x_shift);
            }
            let what = format!("{reml} {y_scale:e} {x_shift} {x_scale:e}");
            let mut fit = other.fit(reml).unwrap();
            assert!(fit.certificate.converged, "{what} {:?}", fit.certificate);
            assert_eq!(fit.evaluations, plain.evaluations, "{what}");
            // β_1 = (y/x) β_1, β_0 = y β_0 + shift − β_1 x_shift.
            let slope = plain.beta[1] * y_scale / x_scale;
            let constant = plain.beta[0] * y_scale + y_shift - slope * x_shift;
            assert!(relative(fit.beta[1], slope, 0.0) < 1e-6, "{what}");
            assert!(relative(fit.beta[0], constant, 0.0) < 1e-6, "{what}");
            assert!(
                relative(fit.sigma, plain.sigma * y_scale, 0.0) < 1e-6,
                "{what}"
            );
            let n = if reml { 178.0 } else { 180.0 };
            let known =
                2.0 * n * f64::ln(y_scale) + if reml { 2.0 * f64::ln(x_scale) } else { 0.0 };
            assert!(
                (fit.value - plain.value - known).abs() < 1e-6,
                "{what}: {}",
                fit.value
            );
            // Variances of slopes, and of intercepts where x is zero in its old units.
            let old = &covariances(&model.layout, &plain.theta)[0];
            let new = &covariances(&model.layout, &fit.theta)[0];
            assert!(
                relative(new[3] * x_scale * x_scale, old[3], 0.0) < 1e-5,
                "{what}"
            );
            let at_zero = new[0] + 2.0 * x_shift * new[1] + x_shift * x_shift * new[3];
            assert!(
                relative(at_zero, old[0], 0.0) < 1e-3,
                "{what}: {at_zero} {}",
                old[0]
            );
            let df = fit.inference().satterthwaite(&[0.0, 1.0]);
            assert!(
                relative(df, plain_df, 0.0) < 1e-5,
                "{what}: df {df} {plain_df}"
            );
            let modes = fit.random_effects();
            for (a, b) in modes.modes[0].chunks(2).zip(plain_modes.modes[0].chunks(2)) {
                let b = b[1] * y_scale / x_scale;
                assert!(
                    relative(a[1], b, plain.beta[1] * y_scale / x_scale) < 1e-5,
                    "{what}"
                );
            }
        }
    }
}

/// Without an intercept nothing may be centred.
#[test]
fn columns_without_an_intercept_keep_their_zero() {
    let mut model = sleepstudy(true);
    model.layout = Layout::new(1, None, &[18], &[(0, 1, None)]);
    model.x = vec![model.x[1].clone()];
    model.z = vec![vec![model.z[0][1].clone()]];
    let coordinates = model.coordinates();
    assert_eq!(coordinates.response.shift, 0.0);
    assert_eq!(coordinates.fixed[0].shift, 0.0);
    assert_eq!(coordinates.random[0][0].shift, 0.0);
    let options = Options::default();
    let scaled = lmm::fit(&model.statistics(), &options).unwrap();
    let raw = lmm::fit(
        &model.statistics_in(Coordinates::identity(&model.layout)),
        &options,
    )
    .unwrap();
    assert!((scaled.value - raw.value).abs() < 1e-7);
    assert_close("theta", &scaled.theta, &raw.theta, 1e-5);
}
