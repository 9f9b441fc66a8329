//! Group means of new groups.
//!
//! `within(x, g)` and `between(x, g)` remember the mean of every group of the fit. A group that is
//! new has no such mean, and no other number may stand in for it: with the mean of all groups,
//! `within` would call the whole distance between the new group and the rest an effect within
//! groups. The mean of a new group is the mean of its rows in the new data, so these are read once
//! before they are transformed.

use ranef_frame::Source;

use crate::category::Levels;
use crate::coder::{Coder, Id};
use crate::error::DesignError;
use crate::plan::{Batch, VariableKind};
use crate::recipe::Recipe;
use crate::survey::Note;
use crate::transform::{GroupSums, TransformKind};

impl Recipe {
    /// The recipe with the means that `within()` and `between()` need of groups which occur in
    /// `source` and did not in the fit, and a note for each transform that had to learn some.
    ///
    /// Reads the source once; not at all when the formula has neither function. The new groups stay
    /// new for the random effects: their code is [`crate::NEW_LEVEL`].
    pub fn with_new_groups(&self, source: &dyn Source) -> Result<(Recipe, Vec<Note>), DesignError> {
        let mut recipe = self.clone();
        let means = self.group_means();
        if means.is_empty() {
            return Ok((recipe, Vec::new()));
        }
        let plan = &self.plan;
        let mut needs = plan.needs();
        means
            .iter()
            .for_each(|&(transform, _)| plan.need_transform(&mut needs, transform));
        let mut coders: Vec<Option<Coder>> = plan
            .categories
            .iter()
            .zip(&needs.categories)
            .map(|(category, needed)| needed.then(|| Coder::for_levels(&category.levels)))
            .collect();
        let mut sums = vec![GroupSums::default(); means.len()];
        let projection = crate::reader::projection(source, &needs.names(plan))?;
        let mut first_row = 0;
        for batch in source.read(&projection)? {
            let batch = batch?;
            for (&(transform, category), sums) in means.iter().zip(&mut sums) {
                let mut needs = plan.needs();
                plan.need_transform(&mut needs, transform);
                let inputs = crate::reader::read(plan, &needs, &batch, first_row, |_, _| {})?;
                let codes = Batch::code(plan, &inputs, &mut coders, &needs.categories, |_| true)?;
                let batch = Batch {
                    plan,
                    inputs: &inputs,
                    codes: &codes,
                };
                let transform = &plan.transforms[transform];
                let value = batch.numeric(&transform.input)?;
                batch.check(&transform.name, &transform.input, &value)?;
                if let Some(codes) = &codes[category] {
                    sums.add(&value, codes);
                }
            }
            first_row += batch.num_rows();
        }
        for (category, coder) in coders.iter().enumerate() {
            let Some(coder) = coder else { continue };
            let category = &mut recipe.plan.categories[category];
            category.later += category.levels.extend(coder);
        }
        let mut notes = Vec::new();
        for ((transform, _), sums) in means.into_iter().zip(sums) {
            let transform = &mut recipe.plan.transforms[transform];
            let TransformKind::GroupMean(mean) = &mut transform.kind else {
                continue;
            };
            let known = mean.means.len();
            mean.means.extend(sums.means_from(known));
            let new = mean.means.len() - known;
            if new > 0 {
                let groups = if new == 1 {
                    "1 new group".into()
                } else {
                    format!("{new} new groups")
                };
                notes.push(Note {
                    code: "new_group_means".into(),
                    message: format!(
                        "`{}` takes the mean of {groups} from their rows in the new data",
                        transform.name
                    ),
                });
            }
        }
        Ok((recipe, notes))
    }

    /// The group means among the transforms of the effects, with their categories.
    fn group_means(&self) -> Vec<(usize, usize)> {
        let plan = &self.plan;
        let mut used = vec![false; plan.transforms.len()];
        for variable in &plan.variables {
            match &variable.kind {
                VariableKind::Number(numeric) => plan.mark_transforms(numeric, &mut used),
                VariableKind::Matrix(transform) => {
                    used[*transform] = true;
                    plan.mark_transforms(&plan.transforms[*transform].input, &mut used);
                }
                VariableKind::Factor { .. } => {}
            }
        }
        self.offsets
            .iter()
            .for_each(|offset| plan.mark_transforms(&offset.value, &mut used));
        let transforms = plan.transforms.iter().enumerate().filter(|(t, _)| used[*t]);
        transforms
            .filter_map(|(t, transform)| match &transform.kind {
                TransformKind::GroupMean(mean) => Some((t, mean.category)),
                _ => None,
            })
            .collect()
    }
}

impl Levels {
    /// Appends the levels that a coder has learned beyond these; says how many.
    fn extend(&mut self, coder: &Coder) -> usize {
        let known = self.len();
        match (&mut *self, coder) {
            (Levels::Words(words), Coder::Words(table)) => {
                words.extend_from_slice(&table.levels()[known..]);
            }
            (Levels::Pairs(pairs), Coder::Pairs(table)) => {
                pairs.extend_from_slice(&table.levels()[known..]);
            }
            (levels, Coder::Ids(table)) => {
                let exact = |id: &Id| match id {
                    Id::Integer(i) => Some(*i),
                    Id::Fraction(_) => None,
                };
                let number = |id: &Id| match id {
                    Id::Integer(i) => *i as f64,
                    Id::Fraction(x) => *x,
                };
                *levels = match table.levels().iter().map(exact).collect() {
                    Some(integers) => Levels::Integers(integers),
                    None => Levels::Numbers(table.levels().iter().map(number).collect()),
                };
            }
            _ => {}
        }
        self.len() - known
    }
}
