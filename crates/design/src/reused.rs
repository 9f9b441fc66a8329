//! The warning for ids that begin anew in every group.

use crate::plan::Plan;
use crate::recipe::GroupingFactor;
use crate::structure::Structure;
use crate::survey::Note;

/// Notes on pairs of grouping factors.
pub(crate) fn notes(
    _plan: &Plan,
    _factors: &[GroupingFactor],
    _structure: &Structure,
    _watches: &[crate::survey::Watch],
    _rows: usize,
) -> Vec<Note> {
    Vec::new()
}
