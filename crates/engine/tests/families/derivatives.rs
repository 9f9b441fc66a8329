//! Every derivative against differences of the one before it.

use ranef_engine::glmm::family::{Derivatives, Nuisance};

use crate::cases;

/// df/dx by differences of order eight.
fn difference(mut f: impl FnMut(f64) -> f64, x: f64, h: f64) -> f64 {
    const WEIGHTS: [f64; 4] = [4.0 / 5.0, -1.0 / 5.0, 4.0 / 105.0, -1.0 / 280.0];
    WEIGHTS
        .iter()
        .enumerate()
        .map(|(i, weight)| {
            let step = (i + 1) as f64 * h;
            weight * (f(x + step) - f(x - step)) / h
        })
        .sum()
}

fn close(found: f64, expected: f64, scale: f64) -> bool {
    (found - expected).abs() <= 1e-8 * (1.0 + scale.abs() + expected.abs())
}

#[test]
fn derivatives_match_differences() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for case in cases::all() {
        for psi in &case.psi {
            for &y in &case.responses {
                let row = case.at(y);
                for &eta in &case.eta {
                    // Some means end at η = 0.
                    let h = if eta == 0.0 {
                        2e-3
                    } else {
                        2e-3 * eta.abs().min(1.0)
                    };
                    let at = |eta: f64| case.density.derivatives(&row, eta, psi);
                    let here = at(eta);
                    assert!(here.value.is_finite(), "{} y {y} eta {eta}", case.name);
                    let plain = case.density.log_density(&row, eta, psi);
                    let pairs = [
                        ("value", plain, here.value, here.value),
                        (
                            "first",
                            here.first,
                            difference(|e| at(e).value, eta, h),
                            here.value,
                        ),
                        (
                            "second",
                            here.second,
                            difference(|e| at(e).first, eta, h),
                            here.first,
                        ),
                        (
                            "third",
                            here.third,
                            difference(|e| at(e).second, eta, h),
                            here.second,
                        ),
                    ];
                    for (what, found, expected, scale) in pairs {
                        checked += 1;
                        if !close(found, expected, scale) {
                            wrong.push(format!(
                                "{} y {y} eta {eta} psi {psi:?} {what}: {found} not {expected}",
                                case.name
                            ));
                        }
                    }
                    let width = case.density.nuisance();
                    assert_eq!(width, psi.len(), "{}", case.name);
                    let mut nuisance = vec![Nuisance::default(); width];
                    case.density
                        .nuisance_derivatives(&row, eta, psi, &mut nuisance);
                    for k in 0..width {
                        let moved = |x: f64| {
                            let mut psi = psi.clone();
                            psi[k] = x;
                            case.density.derivatives(&row, eta, &psi)
                        };
                        let orders = [
                            ("value", nuisance[k].value, 0),
                            ("first", nuisance[k].first, 1),
                            ("second", nuisance[k].second, 2),
                        ];
                        for (what, found, order) in orders {
                            checked += 1;
                            let of = |d: Derivatives| [d.value, d.first, d.second][order];
                            let expected = difference(|x| of(moved(x)), psi[k], 2e-3);
                            if !close(found, expected, of(here)) {
                                wrong.push(format!(
                                    "{} y {y} eta {eta} psi {psi:?} d/dpsi{k} of {what}: \
                                     {found} not {expected}",
                                    case.name
                                ));
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(checked > 200);
    assert!(
        wrong.is_empty(),
        "{}: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(40)]
    );
}

#[test]
fn many_rows_are_row_by_row() {
    for case in cases::all() {
        let psi = &case.psi[0];
        let mut rows = Vec::new();
        let mut eta = Vec::new();
        for &y in &case.responses {
            for &e in &case.eta {
                rows.push(case.at(y));
                eta.push(e);
            }
        }
        let width = case.density.nuisance();
        let mut derivatives = vec![Derivatives::default(); rows.len()];
        let mut information = vec![0.0; rows.len()];
        let mut nuisance = vec![Nuisance::default(); rows.len() * width];
        case.density.evaluate(&rows, &eta, psi, &mut derivatives);
        case.density
            .evaluate_information(&rows, &eta, psi, &mut information);
        case.density
            .evaluate_nuisance(&rows, &eta, psi, &mut nuisance);
        let (mut sum, mut constants) = (0.0, 0.0);
        for (i, row) in rows.iter().enumerate() {
            assert_eq!(derivatives[i], case.density.derivatives(row, eta[i], psi));
            assert_eq!(information[i], case.density.information(row, eta[i], psi));
            let mut one = vec![Nuisance::default(); width];
            case.density
                .nuisance_derivatives(row, eta[i], psi, &mut one);
            assert_eq!(one, nuisance[i * width..(i + 1) * width]);
            sum += case.density.log_density(row, eta[i], psi);
            constants += case.density.constant(row);
        }
        assert_eq!(sum, case.density.evaluate_sum(&rows, &eta, psi));
        assert_eq!(constants, case.density.constants(&rows));
    }
}

/// Where Laplace's approximation takes the expected curvature by custom, it is the information, and
/// its slope is that of the information.
#[test]
fn expected_curvature_is_the_information() {
    let mut some = 0;
    for case in cases::all() {
        for &eta in &case.eta {
            let row = case.at(case.responses[0]);
            let Some((information, slope)) = case.density.expected(&row, eta) else {
                continue;
            };
            some += 1;
            let psi = &case.psi[0];
            let stated = case.density.information(&row, eta, psi);
            assert!(close(information, stated, stated), "{} {eta}", case.name);
            let h = if eta == 0.0 {
                2e-3
            } else {
                2e-3 * eta.abs().min(1.0)
            };
            let found = difference(|e| case.density.information(&row, e, psi), eta, h);
            assert!(
                close(slope, found, stated),
                "{} {eta}: {slope} not {found}",
                case.name
            );
        }
    }
    assert!(some > 50, "{some}");
}
