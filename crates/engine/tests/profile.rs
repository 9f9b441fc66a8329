//! Profile likelihood against lme4, against a dense twin, and at its edges.

mod support;

use ranef_engine::Layout;
use ranef_engine::lmm::{End, Parameter, Profile, ProfileOptions, Profiles, profile};
use ranef_engine::optimize::{self, Objective, nelder_mead};
use support::data::{DYESTUFF, DYESTUFF2, batches, sleepstudy};
use support::twin::{Square, dot};
use support::{Model, Rng, assert_close, random_model};

const Z: f64 = 1.959963984540054;

fn all(model: &Model, points: usize) -> Profiles {
    let options = ProfileOptions {
        points,
        ..ProfileOptions::default()
    };
    profile(
        &model.statistics(),
        &Parameter::all(&model.layout),
        &options,
    )
    .expect("a fit")
}

fn ends(profile: &Profile) -> [f64; 2] {
    let at = |end: End| match end {
        End::At(x) => x,
        other => panic!("{:?} has {other:?}", profile.parameter),
    };
    [at(profile.lower), at(profile.upper)]
}

/// `confint(profile(m))` of lme4 1.1-31, whose spline is off by some 10⁻⁶ of a width.
#[track_caller]
fn agrees(profiles: &Profiles, expected: &[[f64; 2]]) {
    assert_eq!(profiles.profiles.len(), expected.len());
    for (profile, expected) in profiles.profiles.iter().zip(expected) {
        let found = ends(profile);
        let width = expected[1] - expected[0];
        for side in 0..2 {
            assert!(
                (found[side] - expected[side]).abs() < 4e-5 * width,
                "{:?}: {found:?} against {expected:?}",
                profile.parameter
            );
        }
        assert!(profile.monotone);
    }
}

#[test]
fn sleepstudy_as_in_lme4() {
    agrees(
        &all(&sleepstudy(true), 0),
        &[
            [14.3814268738, 37.7159961466],
            [-0.481500739637, 0.684985976586],
            [3.801164104317, 8.753383162684],
            [22.898266879339, 28.857996536987],
            [237.680695489356, 265.129514618654],
            [7.358653260042, 13.575918752253],
        ],
    );
    agrees(
        &all(&sleepstudy(false), 0),
        &[
            [15.25864616613, 37.78646394152],
            [3.96407437312, 8.76916043049],
            [22.88055468048, 28.78759755631],
            [237.57214800023, 265.23806176816],
            [7.33406682670, 13.60050510875],
        ],
    );
}

#[test]
fn dyestuff_as_in_lme4() {
    agrees(
        &all(&batches(&DYESTUFF), 0),
        &[
            [12.1985352149, 84.0630467094],
            [38.2299848826, 67.6576962448],
            [1486.4514999688, 1568.5484943681],
        ],
    );
}

/// A term with a column that others determine: what does not involve these has the profile of the
/// term without it, and what does may be anything. Not after eleven seconds either.
#[test]
fn collinear_effects_are_open_and_the_rest_is_as_without_them() {
    let plain = sleepstudy(true);
    let expected = all(&plain, 0).profiles;
    let days = plain.z[0][1].clone();
    // Twice the days; three times and one more, which takes the intercept in.
    let cases: [(f64, f64); 2] = [(2.0, 0.0), (3.0, 1.0)];
    for (slope, constant) in cases {
        let mut model = sleepstudy(true);
        model.layout = Layout::new(2, Some(0), &[18], &[(0, 3, Some(0))]);
        model.z[0].push(days.iter().map(|x| constant + slope * x).collect());
        let dependent = ranef_engine::dependent_effects(&model.statistics());
        assert_eq!(dependent.len(), 1);
        assert_eq!((dependent[0].term, dependent[0].effect), (0, 2));
        assert_close(
            "weights",
            &dependent[0].weights,
            &[constant, slope, 0.0],
            1e-10,
        );
        let found = all(&model, 0);
        let mut evaluations = 0;
        for profile in &found.profiles {
            evaluations += profile.evaluations;
            let same = match profile.parameter {
                Parameter::StandardDeviation { effect: 0, .. } if constant == 0.0 => &expected[0],
                Parameter::Sigma => &expected[3],
                Parameter::Fixed(j) => &expected[4 + j],
                Parameter::Nuisance(_) => unreachable!("linear models have none"),
                Parameter::StandardDeviation { .. } => {
                    assert_eq!(
                        (profile.lower, profile.upper),
                        (End::Edge(0.0), End::Unbounded)
                    );
                    continue;
                }
                Parameter::Correlation { .. } => {
                    assert_eq!(
                        (profile.lower, profile.upper),
                        (End::Edge(-1.0), End::Edge(1.0))
                    );
                    continue;
                }
            };
            assert_close("ends", &ends(profile), &ends(same), 1e-6);
        }
        let without: usize = expected.iter().map(|p| p.evaluations).sum();
        assert!(evaluations <= without, "{evaluations} {without}");
    }
    assert!(ranef_engine::dependent_effects(&plain.statistics()).is_empty());
}

#[test]
fn a_standard_deviation_of_zero_is_an_edge() {
    let profiles = all(&batches(&DYESTUFF2), 0).profiles;
    assert_eq!(profiles[0].estimate, Some(0.0));
    assert_eq!(profiles[0].lower, End::Edge(0.0));
    // lme4 1.1-31: .sig01 0 to 3.4067 by a coarse spline.
    assert!(matches!(profiles[0].upper, End::At(x) if x > 2.0 && x < 3.5));
    ends(&profiles[1]);
    ends(&profiles[2]);
}

/// The dense twin: V as an n × n matrix from standard deviations and correlations in the user's
/// units, one parameter held, the others found by the simplex.
struct Dense<'a> {
    model: &'a Model,
    parameter: Parameter,
    value: f64,
}

impl Dense<'_> {
    /// Effects of a term with the held ones first.
    fn order(&self, index: usize) -> (Vec<usize>, usize) {
        let first: Vec<usize> = match self.parameter {
            Parameter::StandardDeviation { term, effect } if term == index => vec![effect],
            Parameter::Correlation { term, effects } if term == index => effects.to_vec(),
            _ => Vec::new(),
        };
        let count = first.len();
        let rest = (0..self.model.layout.terms[index].width).filter(|a| !first.contains(a));
        (first.iter().copied().chain(rest).collect(), count)
    }

    /// Free numbers for given covariance matrices of the terms, and σ.
    fn start(&self, covariances: &[Vec<f64>], sigma: f64) -> Vec<f64> {
        let mut out = Vec::new();
        for (index, term) in self.model.layout.terms.iter().enumerate() {
            let k = term.width;
            let (order, held) = self.order(index);
            let mut l = vec![0.0; k * k];
            for i in 0..k {
                for j in 0..=i {
                    let taken: f64 = (0..j).map(|b| l[i * k + b] * l[j * k + b]).sum();
                    let rest = covariances[index][order[i] * k + order[j]] - taken;
                    l[i * k + j] = if i == j {
                        rest.max(1e-12).sqrt()
                    } else {
                        rest / l[j * k + j]
                    };
                }
            }
            if held == 2 {
                out.push(l[0].ln());
                out.push(l[k].hypot(l[k + 1]).ln());
            }
            for i in held..k {
                out.extend((0..=i).map(|j| l[i * k + j] / sigma));
            }
        }
        if self.parameter != Parameter::Sigma {
            out.push(sigma.ln());
        }
        out
    }

    fn deviance(&self, free: &[f64]) -> f64 {
        let (model, n) = (self.model, self.model.rows());
        let mut free = free.to_vec();
        let sigma = if self.parameter == Parameter::Sigma {
            self.value
        } else {
            free.pop().unwrap().exp()
        };
        let mut free = free.into_iter();
        let mut v = Square::zeros(n);
        for r in 0..n {
            let w = model.weights.as_ref().map_or(1.0, |w| w[r]);
            v.a[r * n + r] = sigma * sigma / w;
        }
        for (index, term) in model.layout.terms.iter().enumerate() {
            let k = term.width;
            let (order, held) = self.order(index);
            let mut l = vec![0.0; k * k];
            if held == 1 {
                l[0] = self.value;
            }
            if held == 2 {
                l[0] = free.next().unwrap().exp();
                let second = free.next().unwrap().exp();
                l[k] = second * self.value;
                l[k + 1] = second * (1.0 - self.value * self.value).sqrt();
            }
            for i in held..k {
                for j in 0..=i {
                    l[i * k + j] = sigma * free.next().unwrap();
                }
            }
            let (codes, z) = (&model.codes[term.factor], &model.z[term.factor]);
            let half: Vec<Vec<f64>> = (0..n)
                .map(|r| {
                    (0..k)
                        .map(|c| {
                            (0..k)
                                .map(|i| z[term.offset + order[i]][r] * l[i * k + c])
                                .sum()
                        })
                        .collect()
                })
                .collect();
            for r in 0..n {
                for s in (0..n).filter(|&s| codes[s] == codes[r]) {
                    v.a[r * n + s] += dot(&half[r], &half[s]);
                }
            }
        }
        let (inverse, log_det) = v.inverse();
        let (mut x, mut y) = (model.x.clone(), model.y.clone());
        if let Parameter::Fixed(j) = self.parameter {
            let column = x.remove(j);
            y.iter_mut()
                .zip(&column)
                .for_each(|(y, x)| *y -= self.value * x);
        }
        let p = x.len();
        let vy = inverse.apply(&y);
        let mut rest = dot(&y, &vy);
        if p > 0 {
            let vx: Vec<Vec<f64>> = x.iter().map(|c| inverse.apply(c)).collect();
            let mut xvx = Square::zeros(p);
            for i in 0..p {
                for j in 0..p {
                    xvx.a[i * p + j] = dot(&x[i], &vx[j]);
                }
            }
            let xvy: Vec<f64> = vx.iter().map(|c| dot(c, &y)).collect();
            rest -= dot(&xvy, &xvx.inverse().0.apply(&xvy));
        }
        log_det + rest + n as f64 * std::f64::consts::TAU.ln()
    }
}

impl Objective for Dense<'_> {
    fn dimension(&self) -> usize {
        self.start(&self.zeros(), 1.0).len()
    }
    fn value(&mut self, free: &[f64]) -> f64 {
        let value = self.deviance(free);
        if value.is_nan() { f64::INFINITY } else { value }
    }
    fn value_and_gradient(&mut self, _: &[f64], _: &mut [f64]) -> f64 {
        unreachable!("the simplex needs no gradient")
    }
    fn lower_bounds(&self) -> Vec<f64> {
        vec![f64::NEG_INFINITY; self.dimension()]
    }
}

impl Dense<'_> {
    fn zeros(&self) -> Vec<Vec<f64>> {
        let terms = &self.model.layout.terms;
        terms.iter().map(|t| vec![0.0; t.width * t.width]).collect()
    }
}

/// The dense twin's deviance is the least one plus z² at every end that is a root, and not above
/// that at every edge. Gives the number of ends looked at.
fn agrees_with_the_twin(model: &Model, profiles: &Profiles) -> usize {
    let fit = &profiles.fit;
    let lambda = fit.lambda();
    let covariances: Vec<Vec<f64>> = model
        .layout
        .terms
        .iter()
        .map(|term| {
            let (k, width) = (term.width, model.layout.factors[term.factor].width);
            let l = |i: usize, j: usize| {
                fit.sigma * lambda[term.factor][(term.offset + i) * width + term.offset + j]
            };
            (0..k * k)
                .map(|at| (0..k).map(|c| l(at / k, c) * l(at % k, c)).sum())
                .collect()
        })
        .collect();
    let mut checked = 0;
    for profile in &profiles.profiles {
        for end in [profile.lower, profile.upper] {
            let (value, open) = match end {
                End::At(value) => (value, false),
                End::Edge(value) => (value, true),
                End::NotIdentified => {
                    assert_eq!(profile.estimate, None);
                    continue;
                }
                other => panic!("{:?}: {other:?}", profile.parameter),
            };
            if open && profile.parameter == Parameter::Sigma {
                continue;
            }
            let mut dense = Dense {
                model,
                parameter: profile.parameter,
                value,
            };
            // From the fit, and from its covariances shrunk: the twin must not miss a valley.
            // From the fit, with other correlations and from small variances: the twin must not miss
            // a valley that the engine misses.
            let starts = [(1.0, 1.0), (1.0, 0.0), (1.0, -1.0), (0.3, 0.5), (0.0, 0.0)];
            let mut least = f64::INFINITY;
            for (variance, correlation) in starts {
                let covariances: Vec<Vec<f64>> = covariances
                    .iter()
                    .zip(&model.layout.terms)
                    .map(|(c, t)| {
                        let k = t.width;
                        let off = |at: usize| c[at] * variance * correlation;
                        let own = |at: usize| c[at] * variance + 1e-2 * fit.sigma * fit.sigma;
                        (0..k * k)
                            .map(|at| if at / k == at % k { own(at) } else { off(at) })
                            .collect()
                    })
                    .collect();
                let mut start = dense.start(&covariances, fit.sigma);
                let options = optimize::Options {
                    tolerance: 1e-7,
                    max_evaluations: 4000,
                };
                // A simplex flattens: it is set up anew until it no longer gains.
                for _ in 0..4 {
                    let minimum = nelder_mead(&mut dense, &start, &options);
                    if minimum.value > least - 1e-7 {
                        break;
                    }
                    (least, start) = (minimum.value, minimum.theta);
                }
            }
            let rise = least - fit.value;
            let about = format!(
                "{:?} at {value}: rise {rise} of {:?}",
                profile.parameter, model.layout
            );
            if open {
                assert!(rise < Z * Z + 1e-4, "{about}");
            } else {
                assert!((rise - Z * Z).abs() < 2e-5, "{about}");
            }
            checked += 1;
        }
    }
    checked
}

#[test]
fn the_twin_agrees_on_public_data() {
    let mut short = sleepstudy(true);
    // The first eight subjects: V is 80 × 80.
    short.y.truncate(80);
    for column in short.x.iter_mut().chain(short.z.iter_mut().flatten()) {
        column.truncate(80);
    }
    short.codes[0].truncate(80);
    short.layout = Layout::new(2, Some(0), &[8], &[(0, 2, Some(0))]);
    let profiles = all(&short, 0);
    // With so few subjects a correlation of 1 cannot be excluded.
    assert_eq!(profiles.profiles[1].upper, End::Edge(1.0));
    assert!(matches!(profiles.profiles[1].lower, End::At(_)));
    assert_eq!(agrees_with_the_twin(&short, &profiles), 12);
}

#[test]
fn the_twin_agrees_on_random_models() {
    let models = std::env::var("RANEF_MODELS").map_or(10, |n| n.parse().expect("a number"));
    let mut rng = Rng(20261122);
    let (mut checked, mut tried) = (0, 0);
    while tried < models {
        let rows = 16 + rng.below(16);
        let model = random_model(&mut rng, 2, 2, rows);
        // More dimensions are too many for a simplex.
        if model.layout.entries().len() > 4 {
            continue;
        }
        let parameters = Parameter::all(&model.layout);
        let options = ProfileOptions::default();
        let Ok(profiles) = profile(&model.statistics(), &parameters, &options) else {
            continue;
        };
        checked += agrees_with_the_twin(&model, &profiles);
        tried += 1;
    }
    assert!(checked > 8 * models, "{checked} ends");
}

/// Designs of 18 to 30 rows, found by a search over random ones, where the way from the estimate
/// led to an end with a lower valley beside it: one with more variance of the other effect, one with
/// none and a larger σ.
#[test]
fn valleys_that_were_missed_are_found() {
    for state in [17170582215572164517, 15695488182924226772] {
        let mut rng = Rng(state);
        let rows = 16 + rng.below(16);
        let model = random_model(&mut rng, 2, 2, rows);
        assert!(agrees_with_the_twin(&model, &all(&model, 0)) >= 6);
    }
}

#[test]
fn units_do_not_matter() {
    let plain = sleepstudy(true);
    let mut other = plain.clone();
    other.y.iter_mut().for_each(|y| *y *= 1e-3);
    // Days counted from a far-off year, in hours; the intercept is then a long way off.
    let days = |x: &mut f64| *x = 24.0 * (*x + 2010.0);
    other.x[1].iter_mut().for_each(days);
    other.z[0][1].iter_mut().for_each(days);
    let (a, b) = (all(&plain, 0).profiles, all(&other, 0).profiles);
    for (at, scale) in [(2, 1e-3 / 24.0), (3, 1e-3), (5, 1e-3 / 24.0)] {
        let expected: Vec<f64> = ends(&a[at]).iter().map(|x| x * scale).collect();
        assert_close("ends", &ends(&b[at]), &expected, 1e-7);
    }
    // Two thousand days before the data the intercept's interval is that of a line's end.
    let profile = &b[4];
    let [lower, upper] = ends(profile);
    assert!(lower < profile.estimate.unwrap() && profile.estimate.unwrap() < upper);
}

#[test]
fn threads_do_not_matter() {
    let model = sleepstudy(true);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        pool.install(|| all(&model, 3).profiles)
    };
    for (a, b) in run(1).iter().zip(&run(4)) {
        assert_eq!((a.lower, a.upper), (b.lower, b.upper));
        assert_eq!(a.points, b.points);
    }
}

#[test]
fn points_for_plots_rise_with_the_slope_they_have() {
    for profile in all(&sleepstudy(true), 6).profiles {
        assert!(profile.points.len() >= 13);
        let nearest = profile
            .points
            .iter()
            .map(|p| p.zeta.abs())
            .fold(9.0, f64::min);
        assert!(nearest == 0.0);
        for pair in profile.points.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            if b.value - a.value < 1e-6 * (1.0 + a.value.abs()) {
                continue;
            }
            let (first, last) = (a.slope.unwrap(), b.slope.unwrap());
            let mean = (b.zeta - a.zeta) / (b.value - a.value);
            assert!(mean > 0.0);
            // The trapezium is off by the cube of the step.
            assert!(
                (0.5 * (first + last) / mean - 1.0).abs() < 0.03,
                "{:?}: {first} {mean} {last}",
                profile.parameter
            );
        }
    }
}

#[test]
fn no_random_effects_is_a_linear_model() {
    // Without random effects d(β) = n log(1 + t²/(n − p)), so ends are known in closed form.
    let mut model = batches(&DYESTUFF);
    model.layout = Layout::new(1, Some(0), &[], &[]);
    (model.codes, model.z) = (Vec::new(), Vec::new());
    let profiles = all(&model, 0);
    let (n, mean) = (30.0f64, 1527.5);
    let squares: f64 = DYESTUFF.iter().map(|y| (y - mean) * (y - mean)).sum();
    let half = ((Z * Z / n).exp_m1() * squares / n).sqrt();
    assert_close(
        "mean",
        &ends(&profiles.profiles[1]),
        &[mean - half, mean + half],
        1e-9,
    );
    // d(σ) − d̂ = n(s²/σ² − 1 − log(s²/σ²)).
    let s = (squares / n).sqrt();
    for end in ends(&profiles.profiles[0]) {
        let ratio = s * s / (end * end);
        assert!((n * (ratio - 1.0 - ratio.ln()) - Z * Z).abs() < 1e-6);
    }
}

#[test]
fn an_effect_of_every_row_has_no_residual_interval() {
    // Two rows a group and slopes: σ and the variances trade places, and σ may be anything down to
    // zero.
    let mut rng = Rng(4);
    let rows = 24;
    let x: Vec<f64> = (0..rows).map(|i| (i % 2) as f64).collect();
    let one = vec![1.0; rows];
    let model = Model {
        layout: Layout::new(2, Some(0), &[12], &[(0, 2, Some(0))]),
        y: (0..rows).map(|_| rng.normal()).collect(),
        x: vec![one.clone(), x.clone()],
        weights: None,
        codes: vec![(0..rows as u32).map(|i| i / 2).collect()],
        z: vec![vec![one, x]],
    };
    let sigma = &all(&model, 0).profiles[3];
    assert_eq!(sigma.lower, End::Edge(0.0));
    assert!(matches!(sigma.upper, End::At(_)));
}
