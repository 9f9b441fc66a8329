//! Replicates on all threads.

use std::ops::Range;

use rayon::prelude::*;

/// Replicates that a thread takes at a time: a state is made for each such piece.
const PIECE: u32 = 64;

/// What `job` makes of every replicate, in their order, on all threads. Each thread works with
/// states of its own from `state`; as a replicate's numbers are a matter of the seed and its
/// number (see [`crate::random`]), the answer does not depend on how many threads there are, as
/// long as `job` leaves nothing in its state that a later replicate reads.
pub fn parallel<S, T: Send>(
    replicates: Range<u32>,
    state: impl Fn() -> S + Sync,
    job: impl Fn(&mut S, u32) -> T + Sync,
) -> Vec<T> {
    let count = replicates.len() as u32;
    // Few and dear replicates are shared out one by one.
    let threads = rayon::current_num_threads() as u32;
    let piece = count.div_ceil(4 * threads.max(1)).clamp(1, PIECE);
    (0..count.div_ceil(piece))
        .into_par_iter()
        .flat_map_iter(|at| {
            let first = replicates.start + at * piece;
            let last = (first + piece).min(replicates.end);
            let mut state = state();
            let found: Vec<T> = (first..last).map(|r| job(&mut state, r)).collect();
            found
        })
        .collect()
}
