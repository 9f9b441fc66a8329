//! What can be learned in which pass.

use crate::category::Levelling;
use crate::numeric::Numeric;
use crate::plan::Plan;
use crate::transform::TransformKind;

/// The pass in which each piece of a plan is learned.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    /// The pass that learns the levels of a category; its codes are there in the same pass.
    pub(crate) categories: Vec<usize>,
    /// The pass that learns a transform; `None` when it has nothing to learn.
    pub(crate) transforms: Vec<Option<usize>>,
}

impl Schedule {
    /// Works out the schedule. Pieces refer to pieces made before them, so that each is asked in
    /// turn and no cycle can be.
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            categories: (0..plan.categories.len())
                .map(|c| category(plan, c))
                .collect(),
            transforms: (0..plan.transforms.len())
                .map(|t| plan.transforms[t].learner().map(|_| transform(plan, t)))
                .collect(),
        }
    }

    /// Number of passes.
    pub(crate) fn passes(&self) -> usize {
        let categories = self.categories.iter().copied();
        let transforms = self.transforms.iter().copied().flatten();
        categories.chain(transforms).max().unwrap_or(0) + 1
    }
}

/// The first pass in which an expression can be evaluated.
pub(crate) fn ready(plan: &Plan, numeric: &Numeric) -> usize {
    let mut pass = 0;
    numeric.walk(&mut |part| {
        if let Numeric::Transform(t) = part {
            let known = transform(plan, *t) + usize::from(plan.transforms[*t].learner().is_some());
            pass = pass.max(known);
        }
    });
    pass
}

/// The pass in which a transform sees its input.
fn transform(plan: &Plan, index: usize) -> usize {
    let transform = &plan.transforms[index];
    let input = ready(plan, &transform.input);
    match &transform.kind {
        TransformKind::GroupMean(mean) => input.max(category(plan, mean.category)),
        _ => input,
    }
}

fn category(plan: &Plan, index: usize) -> usize {
    match &plan.categories[index].source {
        Levelling::Column { .. } => 0,
        Levelling::Computed(numeric) => ready(plan, numeric),
        Levelling::Pair { left, right, .. } => category(plan, *left).max(category(plan, *right)),
        Levelling::Recoded { base, .. } => category(plan, *base),
    }
}
