//! What can be wrong with a design before there are rows, each with what would do.

use super::design::{
    Correlation, Design, PerEffect, Predicted, PredictedValues, Size, Variance, bad, unknown,
};
use crate::Error;

impl Design {
    /// Everything that can be told before there are rows.
    ///
    /// # Errors
    /// `bad_design`, `unknown_name`, `impossible_icc`, with what would do.
    pub fn check(&self) -> Result<(), Error> {
        let names: Vec<&str> = self.groups.keys().map(String::as_str).collect();
        for (name, group) in &self.groups {
            if group.levels == 0 {
                return Err(bad(
                    format!("there are no groups of `{name}`: levels = 0"),
                    format!("give at least 2 levels of `{name}`, and 6 or more for a variance"),
                ));
            }
            if let Some(host) = &group.within {
                if !self.groups.contains_key(host) {
                    return Err(unknown("grouping factor", host, &names));
                }
                if self.chain(name).is_none() {
                    return Err(bad(
                        format!("`{name}` lies in itself"),
                        "write in `in` the grouping factor one level up",
                    ));
                }
            } else if group.levels < 2 {
                return Err(bad(
                    format!("`{name}` has one group: no variance between groups can be estimated"),
                    format!("give at least 2 levels of `{name}`, and 6 or more for a variance"),
                ));
            }
            if let Some(size) = &group.size {
                size.check(name)?;
            }
        }
        if self.rows == Some(0) {
            return Err(bad("rows = 0", "give 1 row or more for each combination"));
        }
        share("share", self.share.unwrap_or(1.0), (0.0, 1.0), false)?;
        if let Some(dropout) = self.dropout {
            share("dropout", dropout, (0.0, 1.0), true)?;
        }
        for (name, predictor) in &self.predictors {
            predictor.check(name, &names)?;
        }
        if let Some(sd) = self.residual_sd {
            positive("residual_sd", sd)?;
        }
        for (group, variance) in &self.variances {
            if !names.is_empty() && !self.groups.contains_key(group) {
                return Err(unknown("grouping factor", group, &names));
            }
            variance.check(group)?;
        }
        let shares: Vec<(&str, f64)> = (self.variances.iter())
            .filter_map(|(group, v)| Some((group.as_str(), v.icc?)))
            .collect();
        let total: f64 = shares.iter().map(|s| s.1).sum();
        if total >= 1.0 {
            let most = shares
                .iter()
                .fold(shares[0], |a, &b| if b.1 > a.1 { b } else { a });
            let left = 1.0 - (total - most.1);
            let more = match left > 0.0 {
                true => format!(
                    ": with the others as they are, that of `{}` can be up to below {left:.3}",
                    most.0
                ),
                false => String::new(),
            };
            return Err(Error::new(
                "impossible_icc",
                format!(
                    "the intraclass correlations add up to {total:.3}: nothing is left within groups"
                ),
            )
            .with_hint(format!(
                "they are shares of one total variance, and their sum must be below 1{more}"
            )));
        }
        Ok(())
    }
}

/// A number within a range, of which the upper end may be out of it.
fn share(name: &str, x: f64, range: (f64, f64), open: bool) -> Result<(), Error> {
    let inside = x >= range.0 && if open { x < range.1 } else { x <= range.1 };
    if inside && (open || x > 0.0) {
        return Ok(());
    }
    let range = match open {
        true => format!("from {} to below {}", range.0, range.1),
        false => format!("above {} and at most {}", range.0, range.1),
    };
    Err(bad(
        format!("{name} = {x} is impossible"),
        format!("give a number {range}"),
    ))
}

fn positive(name: &str, x: f64) -> Result<(), Error> {
    if x > 0.0 && x.is_finite() {
        return Ok(());
    }
    Err(bad(
        format!("{name} = {x} is impossible"),
        "a standard deviation is a number above 0",
    ))
}

impl Size {
    fn check(&self, group: &str) -> Result<(), Error> {
        let wrong = |what: &str| {
            Err(bad(
                format!("size of `{group}`: {what}"),
                "a group has 1 row or more, such as size = 20",
            ))
        };
        match self {
            Size::Each(0) => wrong("0 rows"),
            Size::List(list) if list.is_empty() => wrong("an empty list"),
            Size::List(list) if list.contains(&0) => wrong("a group with 0 rows"),
            Size::Range { from, to } if *from == 0 || to < from => {
                wrong("a range must go from 1 or more upwards")
            }
            Size::Spread { mean, cv }
                if !(*mean >= 1.0 && mean.is_finite() && (0.0..=3.0).contains(cv)) =>
            {
                wrong("a mean of 1 or more and a cv from 0 to 3 are possible")
            }
            _ => Ok(()),
        }
    }
}

impl Predicted {
    fn check(&self, name: &str, groups: &[&str]) -> Result<(), Error> {
        if let Some(level) = self.level.as_deref().filter(|l| *l != "row")
            && !groups.contains(&level)
        {
            return Err(unknown("grouping factor", level, groups));
        }
        match &self.values {
            PredictedValues::Normal { sd, icc, of, .. } => {
                positive(&format!("sd of `{name}`"), *sd)?;
                if !(0.0..=1.0).contains(icc) {
                    return Err(Error::new(
                        "impossible_icc",
                        format!("the intraclass correlation of `{name}` is {icc}"),
                    )
                    .with_hint("it is a share of variance: give a number from 0 to 1"));
                }
                match of {
                    Some(of) if !groups.contains(&of.as_str()) => {
                        Err(unknown("grouping factor", of, groups))
                    }
                    _ => Ok(()),
                }
            }
            PredictedValues::Uniform { from, to } if to <= from || to.is_nan() => Err(bad(
                format!("`{name}` goes from {from} to {to}"),
                "give a range that goes upwards",
            )),
            PredictedValues::Binary { share: s, .. } if !(*s > 0.0 && *s < 1.0) => Err(bad(
                format!("share = {s} of `{name}` is impossible: it would be constant"),
                "give a number between 0 and 1, without the ends",
            )),
            PredictedValues::Factor { levels, shares } => {
                if levels.len() < 2 {
                    return Err(bad(
                        format!("the factor `{name}` has {} level", levels.len()),
                        "give the names of 2 levels or more",
                    ));
                }
                let sum: f64 = shares.iter().sum();
                let wrong = shares.len() != levels.len()
                    || shares.iter().any(|s| *s <= 0.0)
                    || (sum - 1.0).abs() > 1e-6;
                if !shares.is_empty() && wrong {
                    return Err(bad(
                        format!(
                            "the shares of `{name}` are {shares:?} for {} levels",
                            levels.len()
                        ),
                        "give one share above 0 for each level; they add up to 1",
                    ));
                }
                Ok(())
            }
            PredictedValues::Sequence { .. } if self.numbers().len() < 2 => Err(bad(
                format!("the sequence `{name}` has fewer than two numbers"),
                "write values = [0, 1, 2] or from = 0, to = 4",
            )),
            _ => Ok(()),
        }
    }
}

impl Variance {
    fn check(&self, group: &str) -> Result<(), Error> {
        for (name, per) in [("sd", &self.sd), ("variance", &self.variance)] {
            let values: Vec<f64> = match per {
                None => Vec::new(),
                Some(PerEffect::Intercept(x)) => vec![*x],
                Some(PerEffect::Named(map)) => map.values().copied().collect(),
            };
            if let Some(x) = values.into_iter().find(|x| !(*x >= 0.0 && x.is_finite())) {
                return Err(bad(
                    format!("a {name} of {x} for `{group}` is impossible"),
                    "it is 0 or a number above",
                ));
            }
        }
        if let Some(icc) = self.icc.filter(|icc| !(0.0..1.0).contains(icc)) {
            return Err(Error::new(
                "impossible_icc",
                format!("an intraclass correlation of {icc} for `{group}` is impossible"),
            )
            .with_hint("it is a share of variance: give a number from 0 to below 1"));
        }
        if self.icc.is_some() && self.of("(Intercept)").is_some() {
            return Err(bad(
                format!(
                    "[variances.{group}] gives the intercept an icc and a standard deviation or variance"
                ),
                "give one of them: the other follows from it",
            ));
        }
        let correlations = match &self.correlation {
            None => &[][..],
            Some(Correlation::All(r)) => std::slice::from_ref(r),
            Some(Correlation::Each(all)) => all,
        };
        if let Some(r) = correlations.iter().find(|r| !(-1.0..=1.0).contains(*r)) {
            return Err(Error::new(
                "impossible_correlation",
                format!("a correlation of {r} for `{group}` is impossible"),
            )
            .with_hint("give a number from -1 to 1"));
        }
        Ok(())
    }
}
