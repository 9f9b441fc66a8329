//! Calls of transforms that remember.

use ranef_formula::{Expr, ExprKind};

use super::Resolver;
use super::arguments::Matched;
use crate::error::DesignError;
use crate::numeric::Numeric;
use crate::transform::{
    Centre, GroupMean, Orthogonal, Scale, Scaling, Spline, SplineKind, Transform, TransformKind,
};

impl Resolver<'_> {
    /// The transform of an expression that may have several columns.
    pub(super) fn matrix(&mut self, expr: &Expr) -> Result<Option<usize>, DesignError> {
        match &expr.kind {
            ExprKind::Call { function, .. }
                if matches!(function.as_str(), "poly" | "ns" | "bs") =>
            {
                self.transform(expr)
            }
            ExprKind::Paren(inner) => self.matrix(inner),
            _ => Ok(None),
        }
    }

    /// The transform of a call, if it is one.
    pub(super) fn transform(&mut self, expr: &Expr) -> Result<Option<usize>, DesignError> {
        let ExprKind::Call {
            function,
            arguments,
        } = &expr.kind
        else {
            return Ok(None);
        };
        let matched = |names| Matched::new(function, expr.span, arguments, names);
        let (argument, kind) = match function.as_str() {
            "scale" => {
                let matched = matched(&["x", "center", "scale"])?;
                let centre = given(&matched, "center", 0.0)?.map_or(Centre::Mean, Centre::Is);
                let scaling = given(&matched, "scale", 1.0)?.map_or(Scaling::Spread, Scaling::Is);
                (
                    matched.first(),
                    TransformKind::Scale(Scale { centre, scaling }),
                )
            }
            "center" => {
                let scale = Scale {
                    centre: Centre::Mean,
                    scaling: Scaling::Is(1.0),
                };
                (matched(&["x"])?.first(), TransformKind::Scale(scale))
            }
            "poly" => {
                let matched = matched(&["x", "degree", "raw"])?;
                let degree = matched.whole("degree", 1)?.unwrap_or(1);
                let kind = if matched.logical("raw", false)? {
                    TransformKind::Powers { degree }
                } else {
                    TransformKind::Poly {
                        degree,
                        orthogonal: Orthogonal::default(),
                    }
                };
                (matched.first(), kind)
            }
            "ns" | "bs" => {
                let natural = function == "ns";
                let matched = if natural {
                    matched(&["x", "df", "knots", "intercept", "Boundary.knots"])?
                } else {
                    matched(&["x", "df", "knots", "degree", "intercept", "Boundary.knots"])?
                };
                (
                    matched.first(),
                    TransformKind::Spline(spline(&matched, natural)?),
                )
            }
            "within" | "between" => {
                let matched = matched(&["x", "group"])?;
                let category = self.category(matched.required("group")?)?;
                let centred = function == "within";
                let mean = GroupMean {
                    category,
                    centred,
                    means: Vec::new(),
                };
                (matched.first(), TransformKind::GroupMean(mean))
            }
            _ => return Ok(None),
        };
        let input = self.number(argument, expr)?;
        Ok(Some(self.add_transform(expr, input, kind)))
    }

    fn add_transform(&mut self, expr: &Expr, input: Numeric, kind: TransformKind) -> usize {
        let transforms = &mut self.plan.transforms;
        let known = transforms
            .iter()
            .position(|known| known.input == input && known.kind == kind);
        known.unwrap_or_else(|| {
            transforms.push(Transform {
                name: expr.to_string(),
                span: expr.span,
                input,
                kind,
            });
            transforms.len() - 1
        })
    }
}

/// TRUE (learn it: none), FALSE (`off`), or a number.
fn given(matched: &Matched<'_>, name: &str, off: f64) -> Result<Option<f64>, DesignError> {
    if let Some(number) = matched.get(name).and_then(Expr::as_number) {
        return Ok(Some(number));
    }
    Ok(if matched.logical(name, true)? {
        None
    } else {
        Some(off)
    })
}

fn spline(matched: &Matched<'_>, natural: bool) -> Result<Spline, DesignError> {
    let degree = if natural {
        3
    } else {
        matched.whole("degree", 1)?.unwrap_or(3)
    };
    let intercept = matched.logical("intercept", false)?;
    let mut knots = matched.numbers("knots")?;
    if let Some(knots) = &mut knots {
        knots.sort_by(f64::total_cmp);
    }
    let boundary = match matched.numbers("Boundary.knots")?.as_deref() {
        None => None,
        Some(&[a, b]) if a != b => Some([a.min(b), a.max(b)]),
        Some(_) => return Err(matched.wrong("`Boundary.knots` are two different numbers".into())),
    };
    // Columns without any inner knot; what `df` asks beyond them are knots.
    let least = degree + usize::from(intercept) - if natural { 2 } else { 0 };
    let inner = match (&knots, matched.whole("df", 1)?) {
        (Some(knots), _) => knots.len(),
        (None, None) => 0,
        (None, Some(df)) if df >= least => df - least,
        (None, Some(df)) => {
            return Err(matched.wrong(format!("`df` must be at least {least}, not {df}")));
        }
    };
    let kind = if natural {
        SplineKind::Natural
    } else {
        SplineKind::Basis
    };
    Ok(Spline {
        kind,
        degree,
        intercept,
        knots,
        inner,
        boundary,
    })
}
