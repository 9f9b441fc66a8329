//! The model with group means: Wu's test, classical and cluster-robust.

use ranef_design::{Column, Parts};
use ranef_engine::sandwich::Collector;
use ranef_engine::{Coordinates, Layout, Statistics, dependent_columns, lmm};
use ranef_frame::Source;

use super::within::Within;
use super::{SpecificationTest, inverse_form};
use crate::robust::{Clusters, RobustType, joint, sandwich};
use crate::rows::{for_each_batch, layout, with_engine_rows};
use crate::{Error, Fit, Note};

/// Adds the group means of what varies within groups to the model, fits it, and tests them.
pub(super) fn tests(
    fit: &Fit,
    source: &dyn Source,
    within: &Within,
    by: &Clusters,
    kind: RobustType,
    warnings: &mut Vec<Note>,
) -> Result<Vec<SpecificationTest>, Error> {
    let own = fit.recipe();
    let plain = layout(own);
    let (p, k) = (plain.fixed, within.columns.len());
    let wide = Layout {
        fixed: p + k,
        ..plain
    };
    let mut statistics: Option<Statistics> = None;
    let mut collector = Collector::new(wide.clone());
    for_each_batch(
        &by.recipe,
        source,
        Parts::ALL,
        fit.formula(),
        |_, mut rows| {
            let codes = &rows.codes[within.group];
            let means: Vec<Column> = within
                .columns
                .iter()
                .map(|&c| {
                    let of = |code: &u32| within.means[*code as usize][c];
                    Column::from(codes.iter().map(of).collect::<Vec<f64>>())
                })
                .collect();
            rows.fixed.extend(means);
            with_engine_rows(own, &rows, |batch| {
                if batch.response.is_empty() {
                    return;
                }
                statistics
                    .get_or_insert_with(|| {
                        Statistics::new(wide.clone(), Coordinates::pilot(&wide, batch))
                    })
                    .add(batch);
                collector.add(batch, &by.codes(&rows));
            });
            Ok(())
        },
    )?;
    let Some(statistics) = statistics else {
        return Ok(Vec::new());
    };
    // A predictor with the same mean in every group has nothing to test.
    let dependent: Vec<usize> = dependent_columns(&statistics);
    if dependent.iter().any(|column| *column < p) {
        return Ok(Vec::new());
    }
    let tested: Vec<usize> = (p..p + k - dependent.len()).collect();
    if tested.is_empty() {
        warnings.push(Note::new(
            "no_group_means",
            "all groups have the same means of the predictors, so the two estimators do not \
             differ and there is nothing to test",
        ));
        return Ok(Vec::new());
    }
    let statistics = statistics.without_fixed(&dependent);
    let settings = lmm::Options {
        reml: fit.reml(),
        interrupt: fit.options().interrupt.clone(),
        ..Default::default()
    };
    let augmented = lmm::fit(&statistics, &settings).map_err(|e| Error::fit(&e))?;
    let q = augmented.beta.len();
    let block: Vec<f64> = tested
        .iter()
        .flat_map(|&i| tested.iter().map(move |&j| (i, j)))
        .map(|(i, j)| augmented.vcov[i * q + j])
        .collect();
    let statistic = inverse_form(&block, &augmented.beta[p..]);
    let mut out = vec![SpecificationTest::chi_squared(
        "mundlak",
        statistic,
        tested.len(),
    )];
    if by.crossed.is_empty() {
        let variance = augmented.sigma * augmented.sigma;
        let phi = augmented.vcov.iter().map(|v| v / variance).collect();
        let lambda = augmented.lambda();
        let rows = collector.rows();
        let clusters = collector
            .clusters(&lambda)
            .map(|cluster| cluster.without_fixed(&dependent, p + k));
        // What there is to say on clusters was said on the within estimator.
        let beta = &augmented.beta;
        match sandwich(clusters, rows, beta, phi, kind, &by.name, &mut Vec::new()) {
            Ok(robust) => {
                let test = joint(&robust, String::new(), &tested, beta, true, 0.0);
                out.push(SpecificationTest::f("mundlak_robust", &test));
            }
            Err(error) if error.code() == "cluster_too_large" => warnings.push(Note::new(
                "no_robust_test",
                format!("the robust test of the group means is left out: {error}"),
            )),
            Err(error) => return Err(error),
        }
    } else {
        warnings.push(Note::new(
            "no_robust_test",
            format!(
                "the robust test of the group means is left out: the multilevel model has random \
                 effects that reach over clusters of `{}`",
                by.name
            ),
        ));
    }
    Ok(out)
}
