//! Cluster-robust ("sandwich") covariances of fixed effects, and how well they are known.
//!
//! A model may have the wrong variances and still the right fixed effects. The sandwich takes the
//! spread of the scores of whole clusters instead of the model's word for it:
//!
//! V^CR = Φ \[Σ_j X_j'W_jA_j e_j e_j'A_j'W_jX_j\] Φ, with W_j = V_j⁻¹, e = y − Xβ̂, Φ = (X'V⁻¹X)⁻¹.
//!
//! Residuals of few clusters are too small, and the A_j mend that (Bell and McCaffrey 2002;
//! Pustejovsky and Tipton 2018, *Journal of Business & Economic Statistics* 36:672). The working
//! model is the fitted one, so that \[(I−H)V(I−H)'\]_ij = δ_ij V_i − X_iΦX_j', and everything that
//! the degrees of freedom need is a p × p matrix a cluster:
//!
//! - [`Collector`] takes in rows and keeps, for each cluster, an orthogonal transform of them that
//!   has few rows;
//! - [`Cluster::piece`] makes the score and two p × p matrices of a cluster;
//! - [`Collector::plain_pieces`] does so for CR0 and CR1, where no cluster is too large;
//! - [`Sandwich`] sums them to covariances, Satterthwaite's degrees of freedom and the
//!   approximate Hotelling test (HTZ), with work linear in the number of clusters.
//!
//! # Why compressed rows are exact
//! A_j for CR2 is the symmetric solution of A C A = V_j, C = V_j − X_jΦX_j': the geometric mean of
//! C⁻¹ and V_j, whichever root D'D = V_j it is written with. An orthogonal transform Q of the rows
//! of a cluster turns V, C, X, e into QVQ', QCQ', QX, Qe and A into QAQ', so the score X'WAe stays.
//! Where all rows have the same weight, V_j is σ²I plus Z_jGZ_j', and Q may be the one of a QR
//! decomposition of \[Z_j X_j\]: in the rows below its triangle Z and X are zero, A is the identity
//! and the score has nothing from them, so only as many rows as Z and X have rank are kept. A cluster of ten thousand rows then costs no more than one of
//! twenty. Rows of different weights are transformed weight by weight, because Q must leave R_j
//! alone; where every row has a weight of its own nothing is gained and a cluster costs n_j³. The same
//! cost remains where a cluster holds as many random effects as rows (students measured twice, in
//! clusters of schools).
mod cluster;
mod collect;
mod jacobi;
mod moments;
mod plain;
mod triangle;

pub use cluster::{Cluster, Correction, Piece};
pub use collect::Collector;
pub use moments::{Hotelling, Sandwich};
pub use triangle::{project_out_first, triangularise};
