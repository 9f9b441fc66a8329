//! The whole linear system: one of the two kernels, and the root.

mod working;

use super::crossed;
use super::curvature::{self, Direction};
use super::hold::Hold;
use super::joint::Kept;
use super::lanes::Lanes;
use super::moments::Moments;
use super::plan::Plan;
use super::root::Root;
use super::small::sandwich;
use super::sparse::Sparse;
use super::steps::{Along, Mixed, Steps};
use super::{Information, Scores};
use crate::layout::{Entry, Layout};
use crate::statistics::{ResponseProducts, Statistics};

pub(crate) use working::Spread;

enum Kernel {
    Lanes(Lanes),
    Nodes(Box<Sparse>),
}

/// The equations of a linear mixed model at one θ after another, in standard units.
pub(crate) struct System {
    layout: Layout,
    entries: Vec<Entry>,
    kernel: Kernel,
    root: Root,
    lambda: Vec<Vec<f64>>,
    /// Effects of the root and β at the last θ.
    solution: Vec<f64>,
    /// A combination of the fixed effects that is held.
    hold: Option<Hold>,
    known: Known,
}

/// What is known at the θ of the last value beside it; several questions at one θ share it. Each is by
/// REML (true) or by ML.
#[derive(Default)]
struct Known {
    /// The selected inverse of the nodes and their root, and each factor's Σ_f Z_f'PZ_f.
    inverse: Option<(bool, Vec<Vec<f64>>)>,
    /// The sums over the lanes' levels.
    moments: Option<(bool, Moments)>,
    /// The nodes' traces for single entries of the covariances.
    traces: Option<(bool, Vec<f64>)>,
}

/// What an evaluation gives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemValue {
    /// log|Λ'Z'WZΛ + I|.
    pub log_det: f64,
    /// log|X'V⁻¹X|.
    pub log_det_fixed: f64,
    /// y'Py.
    pub pwrss: f64,
}

/// Conditional modes and covariances (relative to σ²) of all random effects, by factor, level
/// after level.
#[derive(Clone, Debug, Default)]
pub(crate) struct Posterior {
    /// K numbers a level.
    pub modes: Vec<Vec<f64>>,
    /// K × K numbers a level.
    pub covariances: Vec<Vec<f64>>,
}

/// Z_f'V⁻¹X of one grouping factor: for each column of X the numbers of all levels, K a level.
struct FixedScores {
    width: usize,
    columns: Vec<Vec<f64>>,
}

impl FixedScores {
    /// Σ_f X'V⁻¹Z_f E Z_f'V⁻¹X, p × p.
    fn between(&self, change: &[f64], p: usize) -> Vec<f64> {
        let k = self.width;
        let mut out = vec![0.0; p * p];
        for x in 0..p {
            let moved: Vec<f64> = self.columns[x]
                .chunks_exact(k)
                .flat_map(|v| {
                    (0..k).map(move |i| (0..k).map(|j| change[i * k + j] * v[j]).sum::<f64>())
                })
                .collect();
            for z in 0..=x {
                let sum: f64 = moved.iter().zip(&self.columns[z]).map(|(a, b)| a * b).sum();
                out[x * p + z] = sum;
                out[z * p + x] = sum;
            }
        }
        out
    }
}

impl System {
    /// Chooses the kernel: lanes for one grouping factor, else nodes and a dense root.
    pub fn new(statistics: &Statistics) -> Self {
        let factors = &statistics.layout().factors;
        if factors.len() == 1 && factors[0].width > 0 && statistics.layout().fixed > 0 {
            Self::with_lanes(statistics)
        } else {
            Self::with_plan(statistics, Plan::new(statistics))
        }
    }

    fn with_lanes(statistics: &Statistics) -> Self {
        let root = Root::new(statistics, &Plan::default());
        Self::assemble(statistics, Kernel::Lanes(Lanes::new(statistics)), root)
    }

    /// With a plan of one's own: the nodes' kernel whatever the number of factors.
    pub fn with_plan(statistics: &Statistics, plan: Plan) -> Self {
        let root = Root::new(statistics, &plan);
        Self::assemble(
            statistics,
            Kernel::Nodes(Box::new(Sparse::new(statistics, plan))),
            root,
        )
    }

    /// Every level in the dense root.
    #[cfg(test)]
    pub fn dense(statistics: &Statistics) -> Self {
        Self::with_plan(statistics, Plan::all_in_root(statistics))
    }

    /// The nodes' kernel.
    #[cfg(test)]
    pub fn nodes(statistics: &Statistics) -> Self {
        Self::with_plan(statistics, Plan::new(statistics))
    }

    fn assemble(statistics: &Statistics, kernel: Kernel, root: Root) -> Self {
        let layout = statistics.layout().clone();
        let entries = layout.entries();
        Self {
            lambda: Vec::new(),
            solution: Vec::new(),
            hold: None,
            known: Known::default(),
            layout,
            entries,
            kernel,
            root,
        }
    }

    /// Takes up another response of the same rows.
    pub fn set_response(&mut self, products: &ResponseProducts) {
        self.known = Known::default();
        self.root.set_response(products);
        match &mut self.kernel {
            Kernel::Lanes(lanes) => lanes.set_response(&products.random[0]),
            Kernel::Nodes(nodes) => nodes.set_response(&products.random),
        }
    }

    /// Holds the combination a'β of the fixed effects, in standard units, at whatever
    /// [`System::hold_at`] says: from now on `pwrss`, β, modes, residual scores and quadratic forms
    /// are those under the constraint.
    pub fn hold(&mut self, functional: Vec<f64>) {
        self.hold = Some(Hold::new(functional));
    }

    /// Where the combination is held from the next [`System::value`] on.
    pub fn hold_at(&mut self, value: f64) {
        if let Some(hold) = &mut self.hold {
            hold.value = value;
        }
    }

    /// What is known about the combination held.
    pub fn held(&self) -> Option<&Hold> {
        self.hold.as_ref()
    }

    /// Eliminates and factors at `theta`; `None` where the fixed effects are not identified or
    /// the numbers overflow.
    pub fn value(&mut self, theta: &[f64]) -> Option<SystemValue> {
        self.lambda = self.layout.lambda(theta);
        self.known = Known::default();
        self.root.reset();
        let eliminated = match &mut self.kernel {
            Kernel::Lanes(lanes) => lanes.eliminate(&self.lambda[0], &mut self.root),
            Kernel::Nodes(nodes) => nodes.eliminate(&self.lambda, &mut self.root),
        };
        let value = self.root.factor(&self.lambda)?;
        let forced = self.hold.as_mut().map_or(0.0, |h| h.settle(&self.root));
        let out = SystemValue {
            log_det: eliminated + value.log_det_effects,
            log_det_fixed: value.log_det_fixed,
            pwrss: value.pwrss + forced,
        };
        (out.log_det.is_finite() && out.log_det_fixed.is_finite() && out.pwrss > 0.0).then_some(out)
    }

    /// Scores at the θ of the last value, and F_ij = a_i'Pa_j (m × m, by rows) for the m
    /// directions given.
    pub fn derivatives(&mut self, reml: bool, directions: &[Direction]) -> (Scores, Vec<f64>) {
        let m = directions.len();
        let lead = self.root.effects + self.root.fixed;
        self.solution = self.root.solve(&self.lambda, self.hold.as_ref());
        let mut scores = Scores::new(self.layout.factors.iter().map(|f| f.width));
        let mut information = Information::new(m, lead);
        let root_residual = self.root.residual_scores(&self.solution);
        let widths: Vec<usize> = self.layout.factors.iter().map(|f| f.width).collect();
        match &mut self.kernel {
            Kernel::Lanes(lanes) => {
                let covariance = if reml {
                    self.root.fixed_covariance()
                } else {
                    Vec::new()
                };
                let sums = lanes.derivatives(
                    &self.lambda[0],
                    directions,
                    &self.solution,
                    &covariance,
                    (m > 0).then_some(&mut information),
                );
                scores.information[0] = sums.score;
                scores.residual[0] = sums.residual;
            }
            Kernel::Nodes(nodes) => {
                nodes.back_substitute(&self.solution);
                match &self.known.inverse {
                    Some((by, found)) if *by == reml => scores.information.clone_from(found),
                    _ => {
                        let sums = &mut scores.information;
                        self.root.covariance(&self.lambda, reml, Some(sums));
                        nodes.selected_inverse(&self.root, sums, None);
                        self.known.inverse = Some((reml, sums.clone()));
                    }
                }
                nodes.residual_terms(&mut scores);
                for face in self.root.faces() {
                    let v = &root_residual[face.offset..face.offset + widths[face.factor]];
                    scores.add_residual(face.factor, v);
                }
            }
        }
        let steps = Along::new(directions, self.layout.factors.len(), &root_residual);
        let information = match &self.kernel {
            Kernel::Lanes(_) => self.finish_forms(information, &steps),
            Kernel::Nodes(nodes) => {
                let steps = steps.with_nodes(nodes);
                nodes.information(&steps, &self.root, &mut information);
                self.finish_forms(information, &steps)
            }
        };
        if let Some(hold) = &mut self.hold {
            hold.slopes = information.held;
        }
        (scores, information.forms)
    }

    /// Adds the root's part to the quadratic forms and fills both triangles.
    fn finish_forms(&self, mut information: Information, steps: &impl Steps) -> Information {
        let m = steps.count();
        let lead = self.root.effects + self.root.fixed;
        let mut all_steps = vec![0.0; m * lead];
        let widest = self.layout.factors.iter().map(|f| f.width).max();
        let mut g = vec![0.0; m * widest.unwrap_or(0)];
        for (index, face) in self.root.faces().iter().enumerate() {
            let k = self.layout.factors[face.factor].width;
            steps.root(index, face, &mut g[..m * k]);
            for i in 0..m {
                all_steps[i * lead + face.offset..i * lead + face.offset + k]
                    .copy_from_slice(&g[i * k..(i + 1) * k]);
            }
        }
        if lead > 0 {
            let mut products = vec![0.0; m * lead];
            for i in 0..m {
                let step = &all_steps[i * lead..(i + 1) * lead];
                if step.iter().any(|&x| x != 0.0) {
                    self.root
                        .multiply_by_s(step, &mut products[i * lead..(i + 1) * lead]);
                }
            }
            for i in 0..m {
                for h in steps.first_partner(i)..=i {
                    let mut sum = 0.0;
                    for r in 0..lead {
                        let (x, y) = (i * lead + r, h * lead + r);
                        sum += all_steps[x] * (information.projections[y] + products[y])
                            + information.projections[x] * all_steps[y];
                    }
                    information.add(i, h, sum);
                }
            }
            let mut half: Vec<f64> = information
                .projections
                .iter()
                .zip(&products)
                .map(|(a, b)| a + b)
                .collect();
            self.root.half_solve(&self.lambda, &mut half, m);
            for i in 0..m {
                for h in steps.first_partner(i)..=i {
                    let dot: f64 = half[i * lead..(i + 1) * lead]
                        .iter()
                        .zip(&half[h * lead..(h + 1) * lead])
                        .map(|(a, b)| a * b)
                        .sum();
                    information.add(i, h, -dot);
                }
            }
            if let Some(hold) = &self.hold {
                hold.add_forms(&half, lead, &mut information);
            }
        }
        let forms = &mut information.forms;
        for i in 0..m {
            for h in 0..i {
                forms[h * m + i] = forms[i * m + h];
            }
        }
        information
    }

    /// T_ij = tr(PV_iPV_j) by REML, tr(V⁻¹V_iV⁻¹V_j) by ML, for the directions V_i; call after
    /// [`System::derivatives`] at the same θ.
    pub fn traces(&mut self, reml: bool, directions: &[Direction]) -> Vec<f64> {
        if matches!(self.kernel, Kernel::Lanes(_)) {
            let phi = self.phi(reml);
            return self.moments(reml).traces(directions, &phi);
        }
        // The traces are linear in both directions, so those of single entries give all others: the
        // tests of Satterthwaite and of Kenward and Roger share them. Where the terms of a factor
        // are uncorrelated there are more entries than θ.
        let basis = self.single_entries();
        let m = directions.len();
        if basis.len() != m {
            return self.traces_of_nodes(directions);
        }
        let known = self.known.traces.take().filter(|(by, _)| *by == reml);
        let known = known.unwrap_or_else(|| (reml, self.traces_of_nodes(&basis)));
        let single = &self.known.traces.insert(known).1;
        let shares: Vec<Vec<f64>> = directions
            .iter()
            .map(|direction| {
                let share = |single: &Direction| {
                    let at = single.change.iter().position(|&x| x != 0.0);
                    let own = single.factor == direction.factor;
                    at.filter(|_| own).map_or(0.0, |at| direction.change[at])
                };
                basis.iter().map(share).collect()
            })
            .collect();
        let mut half = vec![0.0; m * m];
        for (row, share) in half.chunks_exact_mut(m.max(1)).zip(&shares) {
            for (x, line) in share.iter().zip(single.chunks_exact(m)) {
                row.iter_mut().zip(line).for_each(|(sum, t)| *sum += x * t);
            }
        }
        let mut out = vec![0.0; m * m];
        for i in 0..m {
            for j in 0..=i {
                let row = &half[i * m..(i + 1) * m];
                out[i * m + j] = row.iter().zip(&shares[j]).map(|(x, y)| x * y).sum();
                out[j * m + i] = out[i * m + j];
            }
        }
        out
    }

    /// The directions of single entries of each factor's relative covariance, both triangles.
    fn single_entries(&self) -> Vec<Direction> {
        let mut out = Vec::new();
        for (factor, shape) in self.layout.factors.iter().enumerate() {
            let k = shape.width;
            for (i, j) in (0..k).flat_map(|i| (0..=i).map(move |j| (i, j))) {
                let mut change = vec![0.0; k * k];
                change[i * k + j] = 1.0;
                change[j * k + i] = 1.0;
                out.push(Direction { factor, change });
            }
        }
        out
    }

    fn traces_of_nodes(&self, directions: &[Direction]) -> Vec<f64> {
        let Kernel::Nodes(nodes) = &self.kernel else {
            unreachable!("traces of nodes");
        };
        let separate = crossed::traces(nodes, &self.root, &self.lambda, directions);
        separate.unwrap_or_else(|| {
            let widths: Vec<usize> = self.layout.factors.iter().map(|f| f.width).collect();
            curvature::traces(nodes, &self.root, &widths, directions)
        })
    }

    /// (X'V⁻¹X)⁻¹ by REML, nothing by ML.
    fn phi(&self, reml: bool) -> Vec<f64> {
        if reml {
            self.root.fixed_covariance()
        } else {
            Vec::new()
        }
    }

    /// The sums over the lanes' levels at the last θ.
    ///
    /// # Panics
    /// With the nodes' kernel.
    fn moments(&mut self, reml: bool) -> &Moments {
        let known = self.known.moments.take().filter(|(by, _)| *by == reml);
        let moments = known.unwrap_or_else(|| {
            let Kernel::Lanes(lanes) = &self.kernel else {
                unreachable!("sums of lanes");
            };
            (reml, lanes.moments(&self.lambda[0], &self.phi(reml)))
        });
        &self.known.moments.insert(moments).1
    }

    /// X'V⁻¹V_iV⁻¹X for the only factor of the lanes.
    fn between(&mut self, direction: &Direction) -> Vec<f64> {
        // It is the same by REML and by ML.
        let reml = self.known.moments.as_ref().is_none_or(|(by, _)| *by);
        self.moments(reml).between(direction)
    }

    /// The change Φ(X'V⁻¹V_iV⁻¹X)Φ of Φ = (X'V⁻¹X)⁻¹ in each direction, p × p, in standard
    /// units; call after [`System::derivatives`], whose joint covariance it replaces.
    pub fn fixed_covariance_changes(&mut self, directions: &[Direction]) -> Vec<Vec<f64>> {
        let p = self.layout.fixed;
        match &self.kernel {
            Kernel::Lanes(_) => {
                let covariance = self.root.fixed_covariance();
                directions
                    .iter()
                    .map(|direction| sandwich(&covariance, &self.between(direction), p))
                    .collect()
            }
            Kernel::Nodes(nodes) => {
                let scores = self.fixed_scores(nodes);
                let covariance = self.root.fixed_covariance();
                directions
                    .iter()
                    .map(|direction| {
                        let between = scores[direction.factor].between(&direction.change, p);
                        sandwich(&covariance, &between, p)
                    })
                    .collect()
            }
        }
    }

    /// Σ_r A_r'PA_r with A_r = D_rV⁻¹X, where D_r = Σ_f Z_fM_rfZ_f' changes V by the symmetric
    /// K × K matrices M_rf, one for each grouping factor (`mixes\[r\]\[factor\]`); p × p, in standard
    /// units. Call after [`System::value`].
    pub fn spread_of_scores(&mut self, mixes: &[Vec<Vec<f64>>]) -> Vec<f64> {
        let p = self.layout.fixed;
        match &self.kernel {
            Kernel::Lanes(lanes) => {
                let phi = self.root.fixed_covariance();
                let own: Vec<Vec<f64>> = mixes.iter().map(|mix| mix[0].clone()).collect();
                let mut out = lanes.spread_of_scores(&self.lambda[0], &own);
                for change in own {
                    let b = self.between(&Direction { factor: 0, change });
                    let taken = sandwich(&b, &phi, p);
                    out.iter_mut().zip(&taken).for_each(|(x, y)| *x -= y);
                }
                out
            }
            Kernel::Nodes(nodes) => {
                let scores = self.fixed_scores(nodes);
                let columns: Vec<&[Vec<f64>]> =
                    scores.iter().map(|s| s.columns.as_slice()).collect();
                let steps = Mixed::new(mixes, &columns, p, nodes, self.root.faces());
                let lead = self.root.effects + self.root.fixed;
                let mut information = Information::new(steps.count(), lead);
                nodes.information(&steps, &self.root, &mut information);
                let forms = self.finish_forms(information, &steps).forms;
                let count = steps.count();
                let mut out = vec![0.0; p * p];
                for r in 0..mixes.len() {
                    for x in 0..p {
                        for z in 0..p {
                            out[x * p + z] += forms[(r * p + x) * count + r * p + z];
                        }
                    }
                }
                out
            }
        }
    }

    /// Z_f'V⁻¹X of every level of every grouping factor.
    fn fixed_scores(&self, nodes: &Sparse) -> Vec<FixedScores> {
        let mut out: Vec<FixedScores> = self
            .layout
            .factors
            .iter()
            .map(|f| FixedScores {
                width: f.width,
                columns: vec![Vec::new(); self.layout.fixed],
            })
            .collect();
        let mut room = nodes.room();
        for x in 0..self.layout.fixed {
            let d = self.root.solve_fixed_column(&self.lambda, x);
            let scores = self.root.fixed_column_scores(x, &d);
            nodes.substitute(x, &d, &[], &mut room);
            for (factor, v) in nodes.each_residual(&room) {
                out[factor].columns[x].extend_from_slice(v);
            }
            for face in self.root.faces() {
                let k = self.layout.factors[face.factor].width;
                out[face.factor].columns[x]
                    .extend_from_slice(&scores[face.offset..face.offset + k]);
            }
        }
        out
    }

    /// Whether [`System::traces`] costs no more than an evaluation or two, as it does where the
    /// double sum over levels separates.
    pub fn traces_are_cheap(&self) -> bool {
        matches!(self.kernel, Kernel::Lanes(_))
    }

    /// E_iΛ' + ΛE_i', the change of the relative covariance of a face with each θ_i.
    pub fn directions(&self) -> Vec<Direction> {
        self.entries
            .iter()
            .map(|entry| Direction {
                factor: entry.factor,
                change: entry.direction(
                    &self.lambda[entry.factor],
                    self.layout.factors[entry.factor].width,
                ),
            })
            .collect()
    }

    /// β at the last θ, in standard units; call after [`System::derivatives`].
    pub fn beta(&self) -> &[f64] {
        &self.solution[self.root.effects..]
    }

    /// β at the last θ, in standard units; call after [`System::value`].
    pub fn fixed_effects(&self) -> Vec<f64> {
        self.root.fixed_effects()
    }

    /// (X'V⁻¹X)⁻¹ at the last θ, in standard units.
    pub fn fixed_covariance(&self) -> Vec<f64> {
        self.root.fixed_covariance()
    }

    /// Numbers that [`System::keep`] keeps.
    pub fn kept_size(&self) -> usize {
        let (p, lead) = (self.layout.fixed, self.root.effects + self.root.fixed);
        let nodes = match &self.kernel {
            Kernel::Lanes(_) => {
                let factor = &self.layout.factors[0];
                factor.levels * factor.width * (factor.width + p)
            }
            Kernel::Nodes(nodes) => nodes.plan.own_size + nodes.plan.panel_size,
        };
        nodes + lead * lead + p * p
    }

    /// What variances of rows need, at the θ of the last value. Replaces the root's joint
    /// covariance.
    pub fn keep(&mut self) -> Kept {
        self.known.inverse = None;
        match &self.kernel {
            Kernel::Lanes(lanes) => {
                let mut kept = Kept::empty(&self.layout);
                lanes.keep(&self.lambda[0], &mut kept);
                kept.finish(&self.layout, &[], &mut self.root, &self.lambda);
                kept
            }
            Kernel::Nodes(nodes) => Kept::of_nodes(
                &self.layout,
                &nodes.plan,
                &nodes.w,
                &nodes.scaled,
                &mut self.root,
                &self.lambda,
            ),
        }
    }

    /// Modes and conditional covariances given β and θ; call after [`System::derivatives`],
    /// whose joint covariance it replaces.
    pub fn posterior(&mut self) -> Posterior {
        self.known.inverse = None;
        let mut out = Posterior::default();
        for factor in &self.layout.factors {
            out.modes.push(vec![0.0; factor.levels * factor.width]);
            out.covariances
                .push(vec![0.0; factor.levels * factor.width * factor.width]);
        }
        match &mut self.kernel {
            Kernel::Lanes(lanes) => {
                let k = self.layout.factors[0].width;
                lanes.each_level(
                    &self.lambda[0],
                    &self.solution,
                    |level, mode, covariance| {
                        out.modes[0][level * k..(level + 1) * k].copy_from_slice(mode);
                        out.covariances[0][level * k * k..(level + 1) * k * k]
                            .copy_from_slice(covariance);
                    },
                );
            }
            Kernel::Nodes(nodes) => {
                nodes.each_mode(|factor, level, mode| {
                    let k = mode.len();
                    out.modes[factor][level * k..(level + 1) * k].copy_from_slice(mode);
                });
                self.root.covariance(&self.lambda, false, None);
                let n = self.root.covariance_size;
                for face in self.root.faces() {
                    let k = self.layout.factors[face.factor].width;
                    let at = face.level * k;
                    out.modes[face.factor][at..at + k]
                        .copy_from_slice(&self.solution[face.offset..face.offset + k]);
                    for i in 0..k {
                        for j in 0..k {
                            out.covariances[face.factor][(at + i) * k + j] =
                                self.root.covariance[(face.offset + i) * n + face.offset + j];
                        }
                    }
                }
                let mut ignored: Vec<Vec<f64>> = self
                    .layout
                    .factors
                    .iter()
                    .map(|f| vec![0.0; f.width * f.width])
                    .collect();
                let covariances = &mut out.covariances;
                let mut visit = |factor: usize, level: usize, covariance: &[f64]| {
                    let size = covariance.len();
                    covariances[factor][level * size..(level + 1) * size]
                        .copy_from_slice(covariance);
                };
                nodes.selected_inverse(&self.root, &mut ignored, Some(&mut visit));
            }
        }
        out
    }
}
