//! Transforms that remember: what they learn is part of the recipe, so that new rows are
//! transformed as the old ones were. `scale(x)` of a new row uses the old mean.
//!
//! A transform learns from all rows that have its own columns, also from those that the model
//! leaves out because they miss something else: R evaluates it before it drops rows.

mod group_mean;
mod poly;
mod scale;
mod spline;

pub(crate) use group_mean::{GroupMean, GroupSums};
pub(crate) use poly::Orthogonal;
pub(crate) use scale::{Centre, Scale, Scaling};
pub(crate) use spline::{Spline, SplineKind};

use ranef_formula::Span;
use serde::{Deserialize, Serialize};

use crate::column::Value;
use crate::error::{DesignError, Problem};
use crate::numeric::Numeric;
use crate::plan::Batch;
use crate::survey::{Distribution, Moments};

/// One transform of the formula.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Transform {
    /// As the formula writes it.
    pub(crate) name: String,
    /// Where it stands.
    pub(crate) span: Span,
    /// What it transforms.
    pub(crate) input: Numeric,
    /// What it does.
    pub(crate) kind: TransformKind,
}

/// The transforms, with what they have learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum TransformKind {
    /// `scale(x)`, `center(x)`.
    Scale(Scale),
    /// `poly(x, degree)`: unlearned while it has no norms.
    Poly {
        degree: usize,
        orthogonal: Orthogonal,
    },
    /// `poly(x, degree, raw = TRUE)`.
    Powers { degree: usize },
    /// `ns(x, ...)`, `bs(x, ...)`.
    Spline(Spline),
    /// `within(x, g)`, `between(x, g)`.
    GroupMean(GroupMean),
}

/// What a transform needs to see of its input.
pub(crate) enum Learner {
    Moments(Moments),
    Distribution(Distribution),
    Groups(GroupSums),
}

impl Learner {
    /// Adds the rows of a batch.
    pub(crate) fn add(
        &mut self,
        value: Value,
        kind: &TransformKind,
        codes: &[Option<Vec<u32>>],
        rows: usize,
    ) {
        match (self, kind) {
            (Learner::Moments(moments), _) => moments.add_value(&value, rows),
            (Learner::Distribution(seen), _) => seen.add(&value.into_vec(rows)),
            (Learner::Groups(sums), TransformKind::GroupMean(mean)) => {
                let Some(codes) = &codes[mean.category] else {
                    unreachable!("groups are coded before their means are taken")
                };
                sums.add(&value, codes);
            }
            (Learner::Groups(_), _) => unreachable!("only group means sum by group"),
        }
    }
}

impl Transform {
    /// Number of columns.
    pub(crate) fn width(&self) -> usize {
        match &self.kind {
            TransformKind::Scale(_) | TransformKind::GroupMean(_) => 1,
            TransformKind::Poly { degree, .. } | TransformKind::Powers { degree } => *degree,
            TransformKind::Spline(spline) => spline.width(),
        }
    }

    /// Something that learns what the transform needs, if it needs anything.
    pub(crate) fn learner(&self) -> Option<Learner> {
        match &self.kind {
            TransformKind::Scale(scale) if scale.is_given() => None,
            TransformKind::Scale(_) => Some(Learner::Moments(Moments::default())),
            TransformKind::Poly { .. } => Some(Learner::Distribution(Distribution::default())),
            TransformKind::Powers { .. } => None,
            TransformKind::Spline(spline) if spline.is_given() => None,
            TransformKind::Spline(_) => Some(Learner::Distribution(Distribution::default())),
            TransformKind::GroupMean(_) => Some(Learner::Groups(GroupSums::default())),
        }
    }

    /// Takes over what a learner has seen; `places` are the sorted places of the group's codes.
    pub(crate) fn learn(&mut self, learner: Learner, places: &[u32]) -> Result<(), DesignError> {
        let refuse = |message: String, hint: &str| {
            let problem = Problem::CannotLearn {
                message,
                hint: Some(hint.to_owned()),
            };
            Err(DesignError::at(self.span, problem))
        };
        match (&mut self.kind, learner) {
            (TransformKind::Scale(scale), Learner::Moments(moments)) => {
                if !scale.learn(&moments) {
                    return refuse(
                        format!(
                            "`{}` divides by zero: the variable is the same in every row",
                            self.name
                        ),
                        "leave it out, or use center() instead of scale()",
                    );
                }
            }
            (TransformKind::Poly { degree, orthogonal }, Learner::Distribution(seen)) => {
                let (values, counts) = seen.finish();
                if *degree >= values.len() {
                    return refuse(
                        format!(
                            "`{}` needs more than {degree} different values, but there are {}",
                            self.name,
                            values.len()
                        ),
                        "lower the degree",
                    );
                }
                *orthogonal = Orthogonal::learn(&values, &counts, *degree);
            }
            (TransformKind::Spline(spline), Learner::Distribution(seen)) => {
                let (values, counts) = seen.finish();
                if values.len() < 2 {
                    return refuse(
                        format!("`{}` needs more than one different value", self.name),
                        "leave it out",
                    );
                }
                if !spline.learn(&values, &counts) {
                    return refuse(
                        format!("`{}` has no values between its boundary knots", self.name),
                        "give boundary knots that the values lie between, or none",
                    );
                }
            }
            (TransformKind::GroupMean(mean), Learner::Groups(sums)) => mean.learn(&sums, places),
            _ => unreachable!("every transform gets the learner it asked for"),
        }
        Ok(())
    }
}

impl Batch<'_> {
    /// The numbers of a transform with one column.
    pub(crate) fn transform_single(&self, index: usize) -> Result<Value, DesignError> {
        let transform = &self.plan.transforms[index];
        let input = self.numeric(&transform.input)?;
        match &transform.kind {
            TransformKind::Scale(scale) => {
                let (center, divisor) = (scale.center(), scale.divisor());
                Ok(input.map(|x| (x - center) / divisor))
            }
            TransformKind::GroupMean(mean) => {
                let Some(codes) = &self.codes[mean.category] else {
                    unreachable!("the group of `{}` is coded first", transform.name)
                };
                let unknown = |row: usize| {
                    let problem = Problem::UnknownGroupMean {
                        expression: transform.name.clone(),
                        row: self.inputs.row(row),
                    };
                    DesignError::at(transform.span, problem)
                };
                mean.apply(input, codes).map_err(unknown)
            }
            _ => {
                let mut columns = self.transform_columns(index)?;
                Ok(Value::Owned(columns.swap_remove(0)))
            }
        }
    }

    /// The columns of a transform.
    pub(crate) fn transform_columns(&self, index: usize) -> Result<Vec<Vec<f64>>, DesignError> {
        let transform = &self.plan.transforms[index];
        let rows = self.inputs.n;
        let values = || Ok::<_, DesignError>(self.numeric(&transform.input)?.into_vec(rows));
        Ok(match &transform.kind {
            TransformKind::Scale(_) | TransformKind::GroupMean(_) => {
                vec![self.transform_single(index)?.into_vec(rows)]
            }
            TransformKind::Poly { orthogonal, .. } => orthogonal.columns(&values()?),
            TransformKind::Powers { degree } => {
                let x = values()?;
                (1..=*degree as i32)
                    .map(|k| x.iter().map(|x| x.powi(k)).collect())
                    .collect()
            }
            TransformKind::Spline(spline) => spline.columns(&values()?),
        })
    }
}
